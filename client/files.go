package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

const (
	// part is how much of a file one request brings, and smallPart where something in between takes
	// no more than a megabyte.
	part      = 8 << 20
	smallPart = 900 << 10
	// partWithin is how long one part may take: the server ends what is slower than 2 KB a second.
	partWithin = 10 * time.Minute
	// tusVersion is of the protocol by which uploads are gone on with.
	tusVersion = "1.0.0"
)

// Upload sends a file to the room, for a message that names it ([Draft].Files). It needs a session.
// It goes on by itself after a cut, from where the server has it, until ctx ends. The file is read
// from its beginning, and where it has to be again.
//
// For what can't be read twice there is [Room.UploadStream]. A file that no message names is gone
// after an hour.
func (r *Room) Upload(ctx context.Context, name string, content io.ReadSeeker) (File, error) {
	size, err := content.Seek(0, io.SeekEnd)
	if err != nil {
		return File{}, fmt.Errorf("upload %s: %w", name, err)
	}
	up := &upload{room: r, content: content, size: size, part: part}
	if err := up.begin(ctx, name); err != nil {
		return File{}, fmt.Errorf("upload %s: %w", name, err)
	}
	if err := up.send(ctx); err != nil {
		return File{}, fmt.Errorf("upload %s: %w", name, err)
	}
	var file File
	err = r.c.again(ctx, call{method: http.MethodGet, path: r.path("/files/" + url.PathEscape(up.id)), into: &file})
	return file, err
}

// UploadStream sends what comes out of content as a file, in one request: a cut ends it.
func (r *Room) UploadStream(ctx context.Context, name string, content io.Reader) (File, error) {
	header, _ := r.c.header()
	header.Set("Accept", "application/json")
	address := r.c.address(r.path("/files"), url.Values{"filename": {name}})
	resp, err := r.c.send(ctx, http.MethodPut, address, header, io.NopCloser(content))
	if err != nil {
		return File{}, fmt.Errorf("upload %s: %w", name, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	var file File
	if err := readJSON(resp, &file); err != nil {
		return File{}, fmt.Errorf("upload %s: %w", name, err)
	}
	return file, nil
}

// upload is one file on its way.
type upload struct {
	room    *Room
	content io.ReadSeeker
	size    int64
	id      string
	offset  int64
	part    int64
}

// begin tells the server of the file, and gets its id.
func (u *upload) begin(ctx context.Context, name string) error {
	pause := pauses{random: u.room.c.random, most: mostCallPause}
	metadata := "filename " + base64.StdEncoding.EncodeToString([]byte(name))
	for {
		resp, err := u.request(ctx, http.MethodPost, u.room.path("/uploads"), http.Header{
			"Upload-Length": {strconv.FormatInt(u.size, 10)}, "Upload-Metadata": {metadata},
		}, nil, callWithin)
		if err == nil {
			if location, err := url.Parse(resp.Get("Location")); err == nil {
				u.id = path.Base(location.Path)
			}
			if u.id == "" || u.id == "." || u.id == "/" {
				return &Problem{Code: NoAnswer, Title: "This is not an answer of Caller", Detail: "it has no Location"}
			}
			return nil
		}
		if err := u.room.c.pauseAfter(ctx, err, &pause); err != nil {
			return err
		}
	}
}

// send brings the bytes, part by part.
func (u *upload) send(ctx context.Context) error {
	pause := pauses{random: u.room.c.random, most: mostCallPause}
	for u.offset < u.size || u.size == 0 {
		err := u.sendPart(ctx)
		if err == nil {
			pause.reset()
			if u.size == 0 {
				return nil
			}
			continue
		}
		var problem *Problem
		switch {
		case errors.As(err, &problem) && problem.Code == NoAnswer && problem.Status == http.StatusRequestEntityTooLarge && u.part > smallPart:
			u.part = smallPart // something in between takes no more
			continue
		case errors.Is(err, &Problem{Code: "conflict"}), errors.Is(err, &Problem{Code: "stalled"}):
			err = errors.New(err.Error()) // the offset is another one by now: it is asked for below
		}
		if err := u.room.c.pauseAfter(ctx, err, &pause); err != nil {
			return err
		}
		if err := u.ask(ctx); err != nil && !mayPass(err) {
			return err
		}
	}
	return nil
}

func (u *upload) path() string { return u.room.path("/uploads/" + url.PathEscape(u.id)) }

func (u *upload) sendPart(ctx context.Context) error {
	if _, err := u.content.Seek(u.offset, io.SeekStart); err != nil {
		return &contentError{err}
	}
	length := min(u.part, u.size-u.offset)
	header := http.Header{
		"Upload-Offset": {strconv.FormatInt(u.offset, 10)}, "Content-Type": {"application/offset+octet-stream"},
	}
	answer, err := u.request(ctx, http.MethodPatch, u.path(), header, &exactly{r: u.content, left: length}, partWithin)
	if err != nil {
		return err
	}
	return u.moveTo(answer)
}

// ask asks how much the server has.
func (u *upload) ask(ctx context.Context) error {
	answer, err := u.request(ctx, http.MethodHead, u.path(), nil, nil, callWithin)
	if err != nil {
		return err
	}
	return u.moveTo(answer)
}

func (u *upload) moveTo(answer http.Header) error {
	offset, err := strconv.ParseInt(answer.Get("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 || offset > u.size {
		return fmt.Errorf("the answer's Upload-Offset is %q", answer.Get("Upload-Offset"))
	}
	u.offset = offset
	return nil
}

// request makes a request of the upload protocol, and returns its answer's header.
func (u *upload) request(ctx context.Context, method, path string, more http.Header, body *exactly, within time.Duration) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	header, _ := u.room.c.header()
	header.Set("Tus-Resumable", tusVersion)
	for name := range more {
		header.Set(name, more.Get(name))
	}
	req, err := http.NewRequestWithContext(ctx, method, u.room.c.address(path, nil), nil)
	if err != nil {
		return nil, err
	}
	req.Header = header
	if body != nil {
		req.Body, req.ContentLength = body, body.left
	}
	resp, err := u.room.c.http.Do(req)
	if err != nil {
		if body != nil && body.err != nil {
			return nil, &contentError{body.err}
		}
		return nil, caused(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }() // nothing but its header is of interest
	if resp.StatusCode/100 != 2 {
		return nil, problemOf(resp)
	}
	return resp.Header, nil
}

// contentError is of the file itself, which no other try would mend.
type contentError struct{ error }

func (e *contentError) Unwrap() error { return e.error }

// exactly is a part of a file; err is what reading it has failed with.
type exactly struct {
	r    io.Reader
	left int64
	err  error
}

// Read reads of the part.
func (e *exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err != nil && (e.left > 0 || !errors.Is(err, io.EOF)) {
		e.err = err
	}
	return n, err
}

// Close leaves the file open: it is not ours.
func (e *exactly) Close() error { return nil }

// pauseAfter waits before another try, or says why there is none.
func (c *Client) pauseAfter(ctx context.Context, err error, pause *pauses) error {
	var content *contentError
	switch {
	case ctx.Err() != nil:
		return ended(ctx, err)
	case errors.As(err, &content) || !mayPass(err):
		return err
	case !sleep(ctx, pause.next(endOf(err).retryAfter, 0)):
		return ended(ctx, err)
	}
	return nil
}

// Download writes a file of a message to w. It goes on by itself after a cut, from where it was,
// until ctx ends, and checks what has come by the file's size and SHA-256. Errors of w end it.
func (c *Client) Download(ctx context.Context, file File, w io.Writer) error {
	down := &download{c: c, file: file, w: w, sum: sha256.New()}
	pause := pauses{random: c.random, most: mostCallPause}
	for {
		before := down.have
		err := down.read(ctx)
		if err == nil {
			break
		}
		if down.have > before {
			pause.reset()
		}
		if err := c.pauseAfter(ctx, err, &pause); err != nil {
			return fmt.Errorf("download %s: %w", file.Name, err)
		}
	}
	if sum := hex.EncodeToString(down.sum.Sum(nil)); file.SHA256 != "" && sum != file.SHA256 {
		return fmt.Errorf("download %s: its SHA-256 is %s, not %s", file.Name, sum, file.SHA256)
	}
	return nil
}

type download struct {
	c    *Client
	file File
	w    io.Writer
	sum  hash.Hash
	have int64
}

func (d *download) read(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	header, _ := d.c.header()
	if d.have > 0 {
		if d.have == d.file.Size {
			return nil
		}
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.have))
	}
	stalled := time.AfterFunc(stalledAfter, cancel) // an answer may not even begin
	defer stalled.Stop()
	resp, err := d.c.send(ctx, http.MethodGet, d.c.address(strings.TrimPrefix(d.file.URL, "/"), nil), header, nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read as far as it goes
	want := http.StatusOK
	if d.have > 0 {
		want = http.StatusPartialContent
	}
	if resp.StatusCode != want {
		if resp.StatusCode/100 == 2 {
			return &contentError{fmt.Errorf("status %d in answer to a range", resp.StatusCode)}
		}
		return problemOf(resp)
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(buffer)
		stalled.Reset(stalledAfter)
		if n > 0 {
			if _, err := d.w.Write(buffer[:n]); err != nil {
				return &contentError{err}
			}
			d.have += int64(n)
			_, _ = d.sum.Write(buffer[:n]) // can't fail
		}
		switch {
		case errors.Is(err, io.EOF) && d.have == d.file.Size:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%d bytes of %d: %w", d.have, d.file.Size, io.ErrUnexpectedEOF)
		case err != nil:
			return err
		}
	}
}

// stalledAfter is how long a download may stand still before it is begun anew from where it is.
const stalledAfter = 30 * time.Second
