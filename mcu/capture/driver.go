package capture

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/camera"
	_ "github.com/pion/mediadevices/pkg/driver/videotest" // registers the test picture
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"tilemix/codec/yuv"
)

const testLabel = "VideoTest" // as its driver calls it

// device is a camera of mediadevices.
type device struct {
	driver driver.Driver
	reader video.Reader
	colour yuv.Colour
	canvas *image.YCbCr
}

// openDriver opens the driver whose device has a name.
func openDriver(name string, want Format) (Camera, error) {
	d := find(name)
	if d == nil {
		return nil, missing("camera", name, cameras())
	}
	if err := d.Open(); err != nil {
		return nil, fmt.Errorf("open camera %s: %w", name, err)
	}
	recorder, ok := d.(driver.VideoRecorder)
	best, found := closest(d.Properties(), want)
	if !ok || !found {
		_ = d.Close()
		return nil, fmt.Errorf("camera %s has no supported format", name)
	}
	reader, err := recorder.VideoRecord(best)
	if err != nil {
		return nil, fmt.Errorf("start camera %s: %w", name, err)
	}
	// Motion JPEG is in full range (JFIF 1.02).
	return &device{driver: d, reader: reader, colour: yuv.Colour{FullRange: best.FrameFormat == frame.FormatMJPEG}}, nil
}

// find returns the camera with a name: /dev/video0, video0, or a link in /dev/v4l/by-id. nil: there
// is none.
func find(name string) driver.Driver {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	name = filepath.Base(name)
	for _, d := range driver.GetManager().Query(driver.FilterVideoRecorder()) {
		if slices.Contains(strings.Split(d.Info().Label, camera.LabelSeparator), name) {
			return d
		}
	}
	return nil
}

// cameras returns the names of the cameras of this machine.
func cameras() (all []string) {
	for _, d := range driver.GetManager().Query(driver.FilterVideoRecorder()) {
		if info := d.Info(); info.Label != testLabel {
			labels := strings.Split(info.Label, camera.LabelSeparator)
			product, _, _ := strings.Cut(info.Name, camera.LabelSeparator)
			all = append(all, fmt.Sprintf("/dev/%s (%s)", labels[len(labels)-1], product))
		}
	}
	slices.Sort(all)
	return all
}

// closest returns the format that is closest to want: by size, then by frame rate, then without
// compression.
func closest(all []prop.Media, want Format) (prop.Media, bool) {
	all = slices.DeleteFunc(slices.Clone(all), func(p prop.Media) bool {
		return p.Width <= 0 || p.Height <= 0 || p.Width%2 != 0 || p.Height%2 != 0 || p.FrameFormat == frame.FormatZ16
	})
	if len(all) == 0 {
		return prop.Media{}, false
	}
	distance := func(p prop.Media) int { return abs(p.Width-want.Size.X) + abs(p.Height-want.Size.Y) }
	rate := func(p prop.Media) int { return abs(int(p.FrameRate) - want.FrameRate) }
	compressed := func(p prop.Media) int {
		if p.FrameFormat == frame.FormatMJPEG {
			return 1
		}
		return 0
	}
	best := slices.MinFunc(all, func(a, b prop.Media) int {
		return cmp.Or(cmp.Compare(distance(a), distance(b)), cmp.Compare(rate(a), rate(b)),
			cmp.Compare(compressed(a), compressed(b)))
	})
	if best.FrameRate == 0 {
		best.FrameRate = float32(want.FrameRate)
	}
	return best, true
}

func abs(n int) int { return max(n, -n) }

// Read implements Camera.
func (d *device) Read() (*image.YCbCr, error) {
	img, release, err := d.reader.Read()
	if err != nil {
		return nil, fmt.Errorf("read camera: %w", err)
	}
	defer release()
	picture, ok := img.(*image.YCbCr)
	if !ok {
		return nil, fmt.Errorf("read camera: pictures are %T", img)
	}
	if d.canvas == nil || d.canvas.Rect.Size() != even(picture.Rect.Size()) {
		d.canvas = image.NewYCbCr(image.Rectangle{Max: even(picture.Rect.Size())}, image.YCbCrSubsampleRatio420)
	}
	if err := halve(d.canvas, picture); err != nil {
		return nil, err
	}
	yuv.ToCanvas(d.canvas, d.colour)
	return d.canvas, nil
}

func even(p image.Point) image.Point { return image.Pt(p.X&^1, p.Y&^1) }

var errSubsampling = errors.New("read camera: chroma is neither 4:2:0, 4:2:2 nor 4:4:4")

// halve copies a picture and averages its chroma down to 4:2:0.
func halve(dst, src *image.YCbCr) error {
	var across, down int // chroma samples of src for one of dst
	switch src.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		across, down = 1, 1
	case image.YCbCrSubsampleRatio422:
		across, down = 1, 2
	case image.YCbCrSubsampleRatio444:
		across, down = 2, 2
	default:
		return errSubsampling
	}
	size := dst.Rect.Size()
	for y := range size.Y {
		copy(dst.Y[y*dst.YStride:][:size.X], src.Y[y*src.YStride:])
	}
	for y := range size.Y / 2 {
		for _, plane := range [2][2][]byte{{dst.Cb, src.Cb}, {dst.Cr, src.Cr}} {
			average(plane[0][y*dst.CStride:][:size.X/2], plane[1][y*down*src.CStride:], src.CStride, across, down)
		}
	}
	return nil
}

// average fills a row with the means of across × down samples each.
func average(dst, src []byte, stride, across, down int) {
	if across == 1 && down == 1 {
		copy(dst, src)
		return
	}
	lower := src[(down-1)*stride:]
	for x := range dst {
		i, j := x*across, x*across+across-1
		dst[x] = byte((int(src[i]) + int(src[j]) + int(lower[i]) + int(lower[j]) + 2) / 4)
	}
}

// Close implements Camera.
func (d *device) Close() error { return d.driver.Close() }
