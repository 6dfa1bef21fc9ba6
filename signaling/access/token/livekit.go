package token

import (
	"cmp"
	"slices"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/credential"
)

// video is the grant of LiveKit's tokens.
type video struct {
	RoomJoin     bool   `json:"roomJoin"`
	Room         string `json:"room"` // "": any
	RoomAdmin    bool   `json:"roomAdmin"`
	RoomRecord   bool   `json:"roomRecord"`
	RoomList     bool   `json:"roomList"`
	RoomCreate   bool   `json:"roomCreate"`
	IngressAdmin bool   `json:"ingressAdmin"`

	// What is not there is allowed; data follows publishing.
	CanPublish        *bool    `json:"canPublish"`
	CanSubscribe      *bool    `json:"canSubscribe"`
	CanPublishData    *bool    `json:"canPublishData"`
	CanPublishSources []string `json:"canPublishSources"` // none: all

	Hidden   bool `json:"hidden"`
	Recorder bool `json:"recorder"`
}

// grant maps LiveKit's grants: canSubscribe to watching, canPublish and its sources to publishing,
// canPublishData to chat and hand, roomAdmin to moderation, invites and the room's settings,
// roomCreate to the settings, roomRecord to recordings and outputs, ingressAdmin to outputs and
// inputs, roomList to the list of rooms. hidden and recorder make a recorder.
func (v video) grant(c claims) (credential.Claims, error) {
	out := credential.Claims{Rooms: "*", Grant: policy.Grant{Identity: c.Subject, Name: c.Name}}
	if v.Room != "" {
		out.Rooms = credential.Literal(v.Room)
	}
	publishes := orTrue(v.CanPublish)
	switch {
	case v.Hidden || v.Recorder:
		out.Grant.Role = policy.Recorder
	case v.RoomAdmin:
		out.Grant.Role = policy.Host
	case v.RoomJoin && !publishes:
		out.Grant.Role = policy.Viewer
	}
	var rights policy.Rights
	if v.RoomJoin {
		rights = v.inCall(publishes)
	}
	for _, r := range []struct {
		given bool
		names []string
	}{
		{v.RoomAdmin, []string{"moderate", "invite", "settings"}},
		{v.RoomCreate, []string{"settings"}},
		{v.RoomRecord, []string{"record", "broadcast"}},
		{v.IngressAdmin, []string{"broadcast"}},
		{v.RoomList, []string{"list"}},
	} {
		if r.given {
			rights |= rightsOf(r.names...)
		}
	}
	return out, give(&out.Grant, rights)
}

// inCall returns the rights of a participant.
func (v video) inCall(publishes bool) (rights policy.Rights) {
	source := func(names ...string) bool {
		return publishes && (len(v.CanPublishSources) == 0 ||
			slices.ContainsFunc(names, func(n string) bool { return slices.Contains(v.CanPublishSources, n) }))
	}
	for _, r := range []struct {
		given bool
		names []string
	}{
		{orTrue(v.CanSubscribe), []string{"watch", "view.own"}},
		{source("microphone"), []string{"publish.audio"}},
		{source("camera"), []string{"publish.video"}},
		{source("screen_share", "screen_share_audio"), []string{"publish.screen"}},
		{publishes, []string{"layout"}},
		{*cmp.Or(v.CanPublishData, &publishes), []string{"chat", "hand"}},
	} {
		if r.given {
			rights |= rightsOf(r.names...)
		}
	}
	return rights
}

func orTrue(b *bool) bool { return b == nil || *b }
