package calls

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
)

// patience is how long one question to LiveKit may take. It is asked beside the chat, which waits for none.
const patience = 4 * time.Second

// errRefused says that LiveKit does not take the key: no other error says that a setting is wrong.
var errRefused = errors.New("LiveKit refuses the key")

// liveKit asks a LiveKit server through its room service. Methods may be called at the same time.
type liveKit struct {
	rooms       livekit.RoomService
	http        *http.Client
	key, secret string
}

func newLiveKit(o Options) *liveKit {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	client := &http.Client{Transport: transport, Timeout: patience}
	return &liveKit{
		rooms: livekit.NewRoomServiceProtobufClient(o.URL, client), http: client, key: o.Key, secret: o.Secret,
	}
}

func (l *liveKit) close() { l.http.CloseIdleConnections() }

// asking is a context with a token that is good for one question.
func (l *liveKit) asking(ctx context.Context, grant auth.VideoGrant) (context.Context, error) {
	token, err := auth.NewAccessToken(l.key, l.secret).SetVideoGrant(&grant).SetValidFor(time.Minute).ToJWT()
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return twirp.WithHTTPRequestHeaders(ctx, http.Header{"Authorization": {"Bearer " + token}})
}

// roomNames are the names of all rooms that are open in LiveKit, whosever they are.
func (l *liveKit) roomNames(ctx context.Context) ([]string, error) {
	ctx, err := l.asking(ctx, auth.VideoGrant{RoomList: true})
	if err != nil {
		return nil, err
	}
	list, err := l.rooms.ListRooms(ctx, &livekit.ListRoomsRequest{})
	if err != nil {
		return nil, fmt.Errorf("list rooms: %w", meaningOf(err))
	}
	names := make([]string, 0, len(list.GetRooms()))
	for _, room := range list.GetRooms() {
		names = append(names, room.GetName())
	}
	return names, nil
}

// meaningOf marks an error that says that the key is refused.
func meaningOf(err error) error {
	var answer twirp.Error
	refusals := []twirp.ErrorCode{twirp.Unauthenticated, twirp.PermissionDenied}
	if errors.As(err, &answer) && slices.Contains(refusals, answer.Code()) {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	return err
}
