package openapi

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/views"
)

// node is a part of a JSON Schema (draft 2020-12).
type node = map[string]any

// Control returns the JSON Schema of the control protocol's messages, made of the structs that the
// server sends and reads. $defs/FromServer and $defs/FromClient are the messages of each side. It fails
// when a struct has a type that JSON Schema has no word for, which a test rules out. The caller owns
// the memory.
func Control() ([]byte, error) {
	g := &grammar{defs: node{}}
	g.defs["FromServer"] = g.union(control.FromServer())
	g.defs["FromClient"] = g.union(control.FromClient())
	if g.err != nil {
		return nil, g.err
	}
	return json.MarshalIndent(node{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "The messages of the control protocol of tilemix",
		"description": "Each message is one JSON object with a type. Ignore types and fields that you do not know.",
		"anyOf":       []node{ref("FromServer"), ref("FromClient")},
		"$defs":       g.defs,
	}, "", " ")
}

func ref(name string) node { return node{"$ref": "#/$defs/" + name} }

// grammar collects the definitions of structs.
type grammar struct {
	defs node
	err  error
}

// union defines messages and returns what is any of them.
func (g *grammar) union(messages []control.Message) node {
	var all []node
	for _, m := range messages {
		typ := reflect.TypeOf(m)
		name := typ.Name() + "Message"
		if g.defs[name] == nil {
			def := g.object(typ)
			def["properties"].(node)["type"] = node{"const": m.Type()}
			def["required"] = append([]string{"type"}, def["required"].([]string)...)
			g.defs[name] = def
			if typ == reflect.TypeFor[control.View]() {
				def["properties"].(node)["name"] = node{"type": "string"}
			}
		}
		all = append(all, ref(name))
	}
	return node{"anyOf": all}
}

// object describes a struct by its fields, and by those of structs that are embedded.
func (g *grammar) object(typ reflect.Type) node {
	fields, required := node{}, []string{}
	for field := range typ.Fields() {
		if !field.IsExported() {
			continue
		}
		if field.Anonymous {
			inner := g.object(field.Type)
			maps.Copy(fields, inner["properties"].(node))
			required = append(required, inner["required"].([]string)...)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			g.err = fmt.Errorf("schema of the control protocol: %v.%s has no name in JSON", typ, field.Name)
			continue
		}
		is := g.of(field.Type)
		if options == "" {
			required = append(required, name)
			if k := field.Type.Kind(); k == reflect.Slice || k == reflect.Pointer {
				is = node{"anyOf": []node{is, {"type": "null"}}}
			}
		}
		fields[name] = is
	}
	return node{"type": "object", "properties": fields, "required": required}
}

// other are types whose JSON may be something else than an object.
var other = map[reflect.Type]string{reflect.TypeFor[views.Wish](): "string", reflect.TypeFor[control.Ban](): "boolean"}

// of describes a type.
func (g *grammar) of(typ reflect.Type) node {
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return node{"type": "string", "format": "date-time"}
	case typ.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return node{"type": "string"}
	}
	switch typ.Kind() {
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint16:
		return node{"type": "integer"}
	case reflect.Float64:
		return node{"type": "number"}
	case reflect.String:
		return node{"type": "string"}
	case reflect.Slice:
		return node{"type": "array", "items": g.of(typ.Elem())}
	case reflect.Pointer:
		return g.of(typ.Elem())
	case reflect.Struct:
		if g.defs[typ.Name()] == nil {
			g.defs[typ.Name()] = node{} // a struct may have itself in it
			def := g.object(typ)
			if also := other[typ]; also != "" {
				def = node{"anyOf": []node{def, {"type": also}}}
			}
			g.defs[typ.Name()] = def
		}
		return ref(typ.Name())
	default:
		g.err = fmt.Errorf("schema of the control protocol: no word for %v", typ)
		return node{}
	}
}
