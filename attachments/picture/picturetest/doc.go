// Package picturetest makes the files that tests send: pictures of every kind with what they should
// lose, and hostile ones, each with what must become of it. Nothing of it is in the program.
//
// The few files in the folder seeds are what the standard library can't encode. They were made of
// one picture of 24 × 16 pixels, red on the left, blue on the right, greener to the bottom.
package picturetest
