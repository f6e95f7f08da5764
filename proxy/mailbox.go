package proxy

// Mailbox is whose changes a wait is about.
type Mailbox struct {
	User     string // as the phone's credentials name it
	Password string // of its Basic credentials; "" where there are none

	Inbox bool // it waits on the inbox,
	Mail  bool // on other folders with mail,
	Other bool // on folders with something else
}

// Watching is a mailbox while somebody listens for its changes.
type Watching struct {
	Covered func() bool // a change is heard of within a second or so, in all that is waited on
	Coming  func() bool // somebody may yet begin to listen, within a second or so; nil: as long as it is not covered
	Missed  func()      // to be told that a change was found that had not been heard of
	Leave   func()
}

// isComing tells whether it is worth while to wait a moment for who is to listen.
func (w *Watching) isComing() bool {
	return !w.Covered() && (w.Coming == nil || w.Coming())
}
