package control

// React shows a picture on the client's own tile for 3 s.
type React struct {
	Reaction string `json:"reaction"` // one of Reactions
}

// Reaction tells all that a participant reacted.
type Reaction struct {
	ID       string `json:"id"` // of the participant
	Reaction string `json:"reaction"`
}

// Type returns "reaction".
func (React) Type() string { return "reaction" }

// Type returns "reaction".
func (Reaction) Type() string { return "reaction" }

// Reactions returns the names of the reactions, and of each the characters that show it.
func Reactions() map[string]string {
	return map[string]string{"like": "👍", "clap": "👏", "heart": "❤️", "laugh": "😂", "surprise": "😮", "party": "🎉"}
}

func (m React) fault() string {
	if _, ok := Reactions()[m.Reaction]; !ok {
		return "reaction is one of like, clap, heart, laugh, surprise and party"
	}
	return ""
}
