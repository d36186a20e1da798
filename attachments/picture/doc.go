// Package picture looks into files that people send: what they are ([Sniff]), and for pictures how
// large they are, what of them says more than the picture does, and how they look when they are
// small ([Process]). It is functions on bytes and knows nothing of rooms or stores.
//
// # What becomes of a picture
//
// The container is walked first, and nothing is decoded: a picture that claims too many pixels is
// refused here, whatever the rest of it would be. The walk makes a list of the pieces of the file
// that stay. JPEG, PNG, GIF and WebP lose what is no picture: EXIF, XMP, IPTC, comments, texts, the
// thumbnails of cameras, second pictures, and whatever follows the end. What stays is copied byte
// for byte, so nothing is lost of the picture; colour profiles, frames and loops stay as well. Of the
// EXIF one tag is made anew, the orientation.
//
// HEIC and AVIF are not decoded. Their EXIF and XMP are made of zeros, in their places, so that nothing
// else has to change; they have no size and no small pictures, and are there to be downloaded.
//
// Only then a copy of what stays is decoded, by the standard library or golang.org/x/image, for
// the small pictures that readers see first. If that can't be done, because it would take too much
// memory or time or because the format has something that these decoders do not know, the
// picture has no small ones, and is otherwise as any other.
//
// # Time and memory
//
// A walk takes as long as the file has bytes: what few of them can say many times is bounded, and no
// place is looked at more than once. A file is never held whole. All decoding of the process shares [maxMemory]: what one picture will
// take is known from its headers, and it waits until that much is free.
package picture
