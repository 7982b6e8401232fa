package admin

import (
	"context"
	"errors"

	"github.com/seed-a6a28e10/usher/internal/iam"
)

// SessionStore lists and ends user sessions. Ending is one fact with its event;
// the entries it returns refuse tokens until the given time (Unix ms).
type SessionStore interface {
	Sessions(ctx context.Context, realmID string, q iam.SessionQuery) ([]iam.SessionInfo, error)
	CountSessions(ctx context.Context, realmID string) (int, error)
	EndSession(ctx context.Context, realmID, sessionID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	EndUserSessions(ctx context.Context, realmID, userID string, at, until int64, ev *iam.Event) ([]iam.Revocation, error)
	// EndAllSessions may have ended some when it fails.
	EndAllSessions(ctx context.Context, realmID string, at, until int64, ev *iam.Event) (ended int, out []iam.Revocation, err error)
}

// SessionView is a session whose clients have their names beside them, in the
// order of Clients; "" for a client that is gone.
type SessionView struct {
	iam.SessionInfo
	ClientIDs []string
}

// SessionList answers one page of sessions, of one user (id, name or address)
// and one client (clientId) where these are given.
func (s *Service) SessionList(ctx context.Context, realm, user, clientID, after string, limit int) ([]SessionView, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return nil, err
	}
	q := iam.SessionQuery{After: after, Limit: limit}
	if user != "" {
		u, err := s.lookUp(ctx, cfg, user)
		if err != nil {
			return nil, err
		}
		q.UserID = u.ID
	}
	if clientID != "" {
		c, err := clientIn(cfg, clientID)
		if err != nil {
			return nil, err
		}
		q.ClientID = c.ID
	}
	list, err := s.Sessions.Sessions(ctx, cfg.Realm.ID, q)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(cfg.Clients))
	for name, c := range cfg.Clients {
		names[c.ID] = name
	}
	out := make([]SessionView, len(list))
	for i, info := range list {
		out[i] = SessionView{SessionInfo: info, ClientIDs: make([]string, len(info.Clients))}
		for j, use := range info.Clients {
			out[i].ClientIDs[j] = names[use.ClientID]
		}
	}
	return out, nil
}

// EndSession ends one session.
func (s *Service) EndSession(ctx context.Context, c Caller, realm, sessionID string) (Done, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return Done{}, err
	}
	ev := s.event(c, cfg.Realm.ID, adminDelete, "USER_SESSION", "sessions/"+quotable(sessionID))
	ev.SessionID = quotable(sessionID)
	entries, err := s.Sessions.EndSession(ctx, cfg.Realm.ID, sessionID, s.Now().UnixMilli(), s.until(cfg), ev)
	switch {
	case errors.Is(err, iam.ErrNotFound):
		return Done{}, unknown("session", sessionID, realm)
	case err != nil:
		return Done{}, answer(err, "")
	}
	return s.apply(entries), nil
}

// quotable bounds an id that is written before it is known to exist.
func quotable(id string) string { return id[:min(len(id), maxName)] }

// EndUserSessions ends all sessions of a user.
func (s *Service) EndUserSessions(ctx context.Context, c Caller, realm, user string) (Done, error) {
	cfg, u, err := s.find(ctx, realm, user)
	if err != nil {
		return Done{}, err
	}
	ev := s.userEvent(c, cfg, &u, adminAction, "users/"+u.ID+"/logout")
	entries, err := s.Sessions.EndUserSessions(ctx, cfg.Realm.ID, u.ID, s.Now().UnixMilli(), s.until(cfg), ev)
	if err != nil {
		return Done{}, answer(err, "")
	}
	done := s.apply(entries)
	done.Changed = len(entries) > 0
	return done, nil
}

// EndAllSessions ends all sessions of a realm.
func (s *Service) EndAllSessions(ctx context.Context, c Caller, realm string) (Done, error) {
	cfg, err := s.realm(realm)
	if err != nil {
		return Done{}, err
	}
	ev := s.event(c, cfg.Realm.ID, adminAction, "REALM", "logout-all")
	n, entries, err := s.Sessions.EndAllSessions(ctx, cfg.Realm.ID, s.Now().UnixMilli(), s.until(cfg), ev)
	s.Node.Apply(entries...)
	s.settle(ctx, entries)
	return Done{Changed: n > 0, Sessions: n}, answer(err, "")
}
