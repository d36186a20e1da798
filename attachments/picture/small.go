package picture

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
)

const (
	// thumbQuality is where artefacts are not seen on a screen.
	thumbQuality = 82
	// previewURL begins a preview.
	previewURL = "data:image/png;base64,"
)

// previewSides are how large a preview may be; the first that fits [MaxPreview] is taken. Its
// edges can't be seen, for it is shown blown up.
func previewSides() []int { return []int{32, 28, 24, 20, 16, 12, 8, 4} }

// fit is how large a picture is when its longer side has so many pixels at most.
func fit(size image.Point, most int) image.Point {
	longer := max(size.X, size.Y)
	if longer <= most {
		return size
	}
	return image.Pt(max(1, (size.X*most+longer/2)/longer), max(1, (size.Y*most+longer/2)/longer))
}

// shrinkCost is what shrinking a picture to a thumbnail takes, in bytes.
func shrinkCost(width, height int) int64 {
	to := fit(image.Pt(width, height), MaxThumb)
	by := image.Pt(width/to.X, height/to.Y)
	between := int64(width/by.X+1) * int64(height/by.Y+1)
	return 4 * (between + int64(to.X)*int64(to.Y) + int64(width)*int64(by.Y))
}

// shrink draws a picture so that it has so many pixels on its longer side at most. It is of that
// size as a whole, and the given part of it begins at that place.
//
// It takes the mean of whole pixels first, some rows at a time, and the rest, which is less than a
// half, by interpolation: so nothing is skipped, and no large copy is made.
func shrink(ctx context.Context, part image.Image, at image.Point, size image.Point, most int) (*image.RGBA, error) {
	to := fit(size, most)
	by := image.Pt(size.X/to.X, size.Y/to.Y)
	between := image.NewRGBA(image.Rect(0, 0, (size.X+by.X-1)/by.X, (size.Y+by.Y-1)/by.Y))
	band := image.NewRGBA(image.Rect(0, 0, size.X, by.Y))
	// A part's bounds need not begin at zero: a GIF's frame says by them where it is.
	from := part.Bounds().Add(at)
	for y := range between.Rect.Dy() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows := image.Rect(0, y*by.Y, size.X, min((y+1)*by.Y, size.Y))
		clear(band.Pix)
		if in := rows.Intersect(from); !in.Empty() {
			draw.Draw(band, in.Sub(rows.Min), part, in.Min.Sub(at), draw.Src)
		}
		average(between.Pix[y*between.Stride:][:between.Stride], band, rows.Dy(), by.X)
	}
	if between.Rect.Size() == to {
		return between, nil
	}
	small := image.NewRGBA(image.Rectangle{Max: to})
	draw.ApproxBiLinear.Scale(small, small.Rect, between, between.Rect, draw.Src, nil)
	return small, nil
}

// average makes one row of the first rows of a band: each pixel is the mean of as many columns.
func average(row []byte, band *image.RGBA, rows, columns int) {
	width := band.Rect.Dx()
	for x := range len(row) / 4 {
		left, right := x*columns, min((x+1)*columns, width)
		var sum [4]int
		for y := range rows {
			line := band.Pix[y*band.Stride+4*left : y*band.Stride+4*right]
			for i := 0; i+3 < len(line); i += 4 {
				sum[0] += int(line[i])
				sum[1] += int(line[i+1])
				sum[2] += int(line[i+2])
				sum[3] += int(line[i+3])
			}
		}
		n := rows * (right - left)
		for c, s := range sum {
			row[4*x+c] = byte((s + n/2) / n)
		}
	}
}

// turn is a picture as one sees it who heeds its orientation: EXIF 2.32, tag 274.
func turn(p *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 {
		return p
	}
	width, height := p.Rect.Dx(), p.Rect.Dy()
	turned := image.Rect(0, 0, width, height)
	if orientation > 4 {
		turned = image.Rect(0, 0, height, width)
	}
	out := image.NewRGBA(turned)
	for y := range height {
		for x := range width {
			var to image.Point
			switch orientation {
			case 2:
				to = image.Pt(width-1-x, y)
			case 3:
				to = image.Pt(width-1-x, height-1-y)
			case 4:
				to = image.Pt(x, height-1-y)
			case 5:
				to = image.Pt(y, x)
			case 6:
				to = image.Pt(height-1-y, x)
			case 7:
				to = image.Pt(height-1-y, width-1-x)
			default:
				to = image.Pt(y, width-1-x)
			}
			out.SetRGBA(to.X, to.Y, p.RGBAAt(x, y))
		}
	}
	return out
}

// Small is a picture anew, with so many pixels on its longer side at most: nothing of the file that
// it is made of is in it but what one sees. It is a JPEG, or a PNG if it is not opaque everywhere.
// Nil for what is no picture that can be decoded. Errors: as for [Process].
func Small(ctx context.Context, r io.ReaderAt, size int64, most int) (file []byte, width, height int, err error) {
	f, err := walk(ctx, r, size)
	if err != nil || f == nil {
		return nil, 0, 0, err
	}
	release, ok, err := f.reserve(ctx)
	if err != nil || !ok {
		return nil, 0, 0, err
	}
	defer release()
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	small, err := f.drawFirst(ctx, most)
	if errors.Is(err, errUnknownFeature) {
		return nil, 0, 0, nil
	} else if err != nil {
		return nil, 0, 0, err
	}
	file, err = encode(small, f.profile)
	return file, small.Rect.Dx(), small.Rect.Dy(), err
}

// blurred is a picture without details, as a data URL; empty if it would be too long.
func blurred(ctx context.Context, p *image.RGBA) (string, error) {
	p, err := shrink(ctx, p, image.Point{}, p.Rect.Size(), 2*previewSides()[0])
	if err != nil {
		return "", err
	}
	for _, side := range previewSides() {
		tiny, err := shrink(ctx, p, image.Point{}, p.Rect.Size(), side)
		if err != nil {
			return "", err
		}
		// Fewer shades make it a third shorter, and nobody sees the difference.
		for i := range tiny.Pix {
			if tiny.Pix[i|3] == 0xff && i&3 != 3 {
				tiny.Pix[i] = tiny.Pix[i]&0xf8 | tiny.Pix[i]>>5
			}
		}
		var file bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, tiny); err != nil {
			return "", err
		}
		if url := previewURL + base64.StdEncoding.EncodeToString(file.Bytes()); len(url) <= MaxPreview {
			return url, nil
		}
	}
	return "", nil
}

// encode is a picture as a file, with a colour profile if there is one.
func encode(p *image.RGBA, profile []byte) ([]byte, error) {
	var file bytes.Buffer
	if p.Opaque() {
		if err := jpeg.Encode(&file, p, &jpeg.Options{Quality: thumbQuality}); err != nil {
			return nil, err
		}
		return insert(file.Bytes(), 2, profileSegments(profile)), nil
	}
	if err := png.Encode(&file, p); err != nil {
		return nil, err
	}
	if profile == nil {
		return file.Bytes(), nil
	}
	data := bytes.NewBufferString("profile\x00\x00")
	packer := zlib.NewWriter(data)
	_, err := packer.Write(profile)
	if err == nil {
		err = packer.Close()
	}
	const afterHeader = len(pngSignature) + 12 + 13
	return insert(file.Bytes(), afterHeader, pngChunk("iCCP", data.Bytes())), err
}

// insert puts more bytes into a file.
func insert(file []byte, at int, more []byte) []byte {
	out := make([]byte, 0, len(file)+len(more))
	out = append(append(out, file[:at]...), more...)
	return append(out, file[at:]...)
}
