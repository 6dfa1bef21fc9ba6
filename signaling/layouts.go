package signaling

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tilemix/mixer/layout/template"
	"tilemix/signaling/blueprint"
)

// layouts checks layouts that somebody writes, and keeps those of programs. It is safe for concurrent
// use.
type layouts struct {
	bodies bodies
	shelf  *blueprint.Shelf
}

func newLayouts(b bodies, s *blueprint.Shelf) *layouts {
	if s == nil {
		s, _ = blueprint.New(nil, "") // of no folder, so that nothing can fail
	}
	return &layouts{b, s}
}

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

// put keeps the layout in the body, whose name is that of the address.
func (l *layouts) put(c echo.Context) error {
	body, err := l.bodies.read(c, typeJSON, errJSONType)
	if err != nil {
		return err
	}
	all, err := template.Parse([]byte(body))
	if err == nil && (len(all) != 1 || all[0].Name != c.Param("name")) {
		err = template.Error{Path: "name", Text: "send one layout, whose name is that of the address"}
	}
	if err != nil {
		return c.JSON(http.StatusUnprocessableEntity, checked{Layouts: []previewed{}, Errors: template.Errors(err)})
	}
	if err := l.shelf.Put(all[0]); err != nil {
		return err
	}
	return fresh(c, checked{Layouts: []previewed{{all[0].Name, string(all[0].SVG())}}, Errors: []template.Error{}})
}

// get answers with a layout as it was put.
func (l *layouts) get(c echo.Context) error {
	t, err := l.shelf.Get(c.Param("name"))
	if err != nil {
		return err
	}
	return fresh(c, t)
}

// list answers with the names of all that were put.
func (l *layouts) list(c echo.Context) error {
	return fresh(c, map[string][]string{"layouts": l.shelf.Names()})
}

// choices answers with the names of all that the participants of a room may choose, beside grid, speaker
// and screen.
func (l *layouts) choices(c echo.Context) error {
	return fresh(c, map[string][]string{"layouts": l.shelf.All()})
}

// remove takes a layout away.
func (l *layouts) remove(c echo.Context) error {
	if err := l.shelf.Delete(c.Param("name")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
