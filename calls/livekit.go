package calls

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/twitchtv/twirp"

	"github.com/caller-chat/caller/chat"
)

// patience is how long one question to LiveKit may take. It is asked beside the chat, which waits
// for none.
const patience = 4 * time.Second

// errRefused says that LiveKit does not take the key: no other error says that a setting is wrong.
var errRefused = errors.New("LiveKit refuses the key")

// participant is somebody in a room of LiveKit.
type participant struct {
	id chat.MemberID
	// active is false for one that is about to be connected.
	active bool
	joined time.Time // by LiveKit's clock
	// silent says that it may send nothing.
	silent bool
}

// media is what calls ask of LiveKit. Rooms go by their names there. Methods may be called at the
// same time.
type media interface {
	// roomNames are the names of all rooms that are open, whosever they are.
	roomNames(ctx context.Context) ([]string, error)
	// participants are the people in a room; none where there is no such room.
	participants(ctx context.Context, room string) ([]participant, error)
	// sendOut ends somebody's part in a room. It is no error when there is none.
	sendOut(ctx context.Context, room string, id chat.MemberID) error
	// setSilent has somebody in a room send nothing, or lets them. It is no error when they are not
	// there.
	setSilent(ctx context.Context, room string, id chat.MemberID, silent bool) error
	// closeRoom ends everybody's.
	closeRoom(ctx context.Context, room string) error
}

// liveKit is a LiveKit server, asked through its room service.
type liveKit struct {
	rooms    *lksdk.RoomServiceClient
	observer Observer
}

func newLiveKit(o Options) *liveKit {
	return &liveKit{rooms: lksdk.NewRoomServiceClient(o.URL, o.Key, o.Secret), observer: o.Observer}
}

// close ends connections that no question uses. The SDK's client has none of its own: it shares the
// process's.
func (l *liveKit) close() { http.DefaultClient.CloseIdleConnections() }

func (l *liveKit) roomNames(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	list, err := l.rooms.ListRooms(ctx, &livekit.ListRoomsRequest{})
	if err != nil {
		return nil, fmt.Errorf("list rooms: %w", l.meaningOf(ctx, err))
	}
	names := make([]string, 0, len(list.GetRooms()))
	for _, room := range list.GetRooms() {
		names = append(names, room.GetName())
	}
	return names, nil
}

func (l *liveKit) participants(ctx context.Context, room string) ([]participant, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	list, err := l.rooms.ListParticipants(ctx, &livekit.ListParticipantsRequest{Room: room})
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list participants: %w", l.meaningOf(ctx, err))
	}
	var there []participant
	for _, p := range list.GetParticipants() {
		// A recorder or the like is nobody, and none of ours.
		if p.GetKind() != livekit.ParticipantInfo_STANDARD || p.GetState() == livekit.ParticipantInfo_DISCONNECTED {
			continue
		}
		joined := time.UnixMilli(p.GetJoinedAtMs())
		if p.GetJoinedAtMs() == 0 { // an older server
			joined = time.Unix(p.GetJoinedAt(), 0)
		}
		there = append(there, participant{
			id: chat.MemberID(p.GetIdentity()), active: p.GetState() == livekit.ParticipantInfo_ACTIVE, joined: joined,
			silent: p.GetPermission() != nil && !p.GetPermission().GetCanPublish(),
		})
	}
	return there, nil
}

func (l *liveKit) sendOut(ctx context.Context, room string, id chat.MemberID) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := l.rooms.RemoveParticipant(ctx, &livekit.RoomParticipantIdentity{Room: room, Identity: string(id)})
	if err != nil && !isNotFound(err) {
		return fmt.Errorf("remove participant: %w", l.meaningOf(ctx, err))
	}
	return nil
}

func (l *liveKit) setSilent(ctx context.Context, room string, id chat.MemberID, silent bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := l.rooms.UpdateParticipant(ctx, &livekit.UpdateParticipantRequest{
		Room: room, Identity: string(id), Permission: &livekit.ParticipantPermission{
			CanSubscribe: true, CanPublish: !silent, CanPublishData: !silent, // else as in its join token
		},
	})
	if err != nil && !isNotFound(err) {
		return fmt.Errorf("update participant: %w", l.meaningOf(ctx, err))
	}
	return nil
}

func (l *liveKit) closeRoom(ctx context.Context, room string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := l.rooms.DeleteRoom(ctx, &livekit.DeleteRoomRequest{Room: room})
	if err != nil && !isNotFound(err) {
		return fmt.Errorf("delete room: %w", l.meaningOf(ctx, err))
	}
	return nil
}

func isNotFound(err error) bool {
	var answer twirp.Error
	return errors.As(err, &answer) && answer.Code() == twirp.NotFound
}

// meaningOf marks an error that says that the key is refused, and has it counted.
func (l *liveKit) meaningOf(ctx context.Context, err error) error {
	if !errors.Is(ctx.Err(), context.Canceled) { // else it was given up
		l.observer.Failed(err)
	}
	var answer twirp.Error
	refusals := []twirp.ErrorCode{twirp.Unauthenticated, twirp.PermissionDenied}
	if errors.As(err, &answer) && slices.Contains(refusals, answer.Code()) {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	return err
}
