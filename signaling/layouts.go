package signaling

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tilemix/mixer/layout/template"
)

// layouts checks layouts that somebody writes. It stores nothing.
type layouts struct{ bodies bodies }

// checked is the answer: previews, or what is wrong.
type checked struct {
	Layouts []previewed      `json:"layouts"`
	Errors  []template.Error `json:"errors"`
}

// previewed is a layout and how it looks.
type previewed struct {
	Name string `json:"name"`
	SVG  string `json:"svg"`
}

// check answers with a preview of each layout in the body, or says what is wrong and where.
func (l *layouts) check(c echo.Context) error {
	body, err := l.bodies.read(c, typeJSON, errJSONType)
	if err != nil {
		return err
	}
	said := checked{Layouts: []previewed{}, Errors: []template.Error{}}
	all, err := template.Parse([]byte(body))
	if err != nil {
		said.Errors = template.Errors(err)
		return c.JSON(http.StatusUnprocessableEntity, said)
	}
	for i := range all {
		said.Layouts = append(said.Layouts, previewed{all[i].Name, string(all[i].SVG())})
	}
	return c.JSON(http.StatusOK, said)
}
