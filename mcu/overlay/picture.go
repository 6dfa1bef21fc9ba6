package overlay

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"strings"

	"golang.org/x/image/draw"

	"tilemix/mcu/control"
)

const (
	// maxFile and maxPixels are what a picture may have that comes in, before it is scaled down to
	// maxEdge of a logo or maxBackdrop.
	maxFile, maxPixels = 2 << 20, 4 << 20
	maxEdge            = 512
	pngType, jpegType  = "data:image/png;base64,", "data:image/jpeg;base64,"
	idPrefix           = "sha256:"
)

// maxBackdrop is the size of the largest picture behind tiles, in pixels.
func maxBackdrop() image.Point { return image.Pt(1280, 720) }

// picture decodes the picture of a field, and puts its ID there. It is nil where there is none.
func (s *Set) picture(field *string, of string, before *Set) (*image.NRGBA, error) {
	var file []byte
	switch {
	case *field == "":
		return nil, nil
	case strings.HasPrefix(*field, idPrefix):
		if before != nil {
			file = before.files[*field]
		}
		if file == nil {
			return nil, fmt.Errorf("%w: %s.picture is the ID of a picture that the room does not have: send a data URL", ErrBad, of)
		}
	default:
		data, isPNG := strings.CutPrefix(*field, pngType)
		data, isJPEG := strings.CutPrefix(data, jpegType)
		if !isPNG && !isJPEG {
			return nil, fmt.Errorf("%w: %s.picture begins neither with %s nor with %s", ErrBad, of, pngType, jpegType)
		}
		if base64.StdEncoding.DecodedLen(len(data)) > maxFile+2 {
			return nil, fmt.Errorf("%w: %s.picture is a file of more than %d bytes", ErrBad, of, maxFile)
		}
		var err error
		if file, err = base64.StdEncoding.DecodeString(data); err != nil {
			return nil, fmt.Errorf("%w: %s.picture is not base64", ErrBad, of)
		}
	}
	img, err := decode(file, of)
	if err != nil {
		return nil, err
	}
	most := image.Pt(maxEdge, maxEdge)
	if of != "logo" {
		most = maxBackdrop()
	}
	small := shrunk(img, most)
	if !strings.HasPrefix(*field, idPrefix) {
		if file, err = encode(small, of); err != nil {
			return nil, fmt.Errorf("%s.picture: %w", of, err)
		}
		sum := sha256.Sum256(file)
		*field = idPrefix + hex.EncodeToString(sum[:16])
	}
	s.files[*field] = file
	return small, nil
}

// decode reads a file. The header says how much memory that takes before any is taken.
func decode(file []byte, of string) (image.Image, error) {
	read, size := png.Decode, png.DecodeConfig
	if bytes.HasPrefix(file, []byte{0xFF, 0xD8}) {
		read, size = jpeg.Decode, jpeg.DecodeConfig
	}
	c, err := size(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w: %s.picture is neither a PNG nor a JPEG file", ErrBad, of)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels/c.Height {
		return nil, fmt.Errorf("%w: %s.picture has %d×%d pixels: it may have %d in all", ErrBad, of, c.Width, c.Height, maxPixels)
	}
	img, err := read(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w: %s.picture is a broken file", ErrBad, of)
	}
	return img, nil
}

// shrunk returns a picture that is at most of a size, with its shape.
func shrunk(img image.Image, most image.Point) *image.NRGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if w > most.X {
		w, h = most.X, max(h*most.X/w, 1)
	}
	if h > most.Y {
		w, h = max(w*most.Y/h, 1), most.Y
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, img, img.Bounds(), draw.Src, nil)
	return out
}

// encode returns the file that is kept, which has nothing but the picture.
func encode(img image.Image, of string) ([]byte, error) {
	var out bytes.Buffer
	if of != "logo" {
		err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 90})
		return out.Bytes(), err
	}
	err := png.Encode(&out, img)
	return out.Bytes(), err
}

// Whole returns the settings with pictures in them instead of IDs, so that they can be kept.
func (s *Set) Whole() control.Overlays {
	out := s.Overlays
	for _, field := range []*string{&out.Logo.Picture, &out.Background.Picture, &out.Waiting.Picture} {
		if file := s.files[*field]; file != nil {
			kind := pngType
			if bytes.HasPrefix(file, []byte{0xFF, 0xD8}) {
				kind = jpegType
			}
			*field = kind + base64.StdEncoding.EncodeToString(file)
		}
	}
	return out
}
