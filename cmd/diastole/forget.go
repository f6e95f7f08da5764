package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/admin"
	"github.com/diastole/diastole/proxy"
)

// forgetCmd makes a running diastole forget a user.
type forgetCmd struct {
	User string `arg:"" help:"The user as the phones sign in: anna@example.com, 'CORP\\anna' or anna."`
	adminFlags
}

// Help is shown by `diastole forget --help`.
func (forgetCmd) Help() string {
	return `Asks the admin listener of a running diastole to forget a user: the devices and how their waits ended, their sync keys and folders, in memory and in the file at state.path, from which the bytes are gone afterwards. Networks stay: what was learned of them names nobody.

Case does not matter, and CORP\anna is anna@corp; but anna and anna@corp are two users, and each has to be named. ` + "`diastole whois anna`" + ` shows who is known.

A phone that goes on signing in is known again from its next request on: close the account first. Log lines that were written are not touched.`
}

// Run is the command.
func (c forgetCmd) Run(s streams) error {
	var done admin.Forgotten
	printed, err := c.tell(s.out, "/api/v1/forget", admin.Named{User: c.User}, &done)
	if printed || err != nil {
		return err
	}
	if err := c.print(s.out, done); err != nil {
		return fmt.Errorf("printing what was forgotten: %w", err)
	}
	return nil
}

func (c forgetCmd) print(w io.Writer, done admin.Forgotten) (err error) {
	user := strconv.Quote(c.User)
	if done.Followed+done.Remembered+done.Stored == 0 {
		_, err = fmt.Fprintf(w, "nothing is known of %s: write the user as the phones sign in\n", user)
		return err
	}
	_, err = fmt.Fprintf(w, "%s is forgotten: devices followed %d, devices with sync keys %d, rows of state.path %d\n",
		user, done.Followed, done.Remembered, done.Stored)
	return err
}

// forget drops all that is known of a user, on all nodes.
func (l *learned) forget(user string) (admin.Forgotten, error) {
	shared, failed := l.nodes.Load().forget(proxy.Spellings(user)) // or it would come from there again
	done, err := l.forgetHere(user)
	done.Stored += shared
	return done, errors.Join(failed, err)
}

// forgetHere drops all that this node knows of a user: first where it comes from, then
// where it is kept, or what a wait teaches meanwhile would be kept again.
func (l *learned) forgetHere(user string) (admin.Forgotten, error) {
	done, names := admin.Forgotten{User: user}, proxy.Spellings(user)
	l.putting.Lock() // who has looked before has put, who looks later finds nothing
	for _, name := range names {
		done.Followed += l.devices.ForgetUser(name)
		done.Remembered += l.haves.memory.Forget(name)
	}
	l.putting.Unlock()
	var failed []error
	for _, name := range names {
		n, err := l.store.Forget(name)
		done.Stored += n
		failed = append(failed, err)
	}
	err := errors.Join(failed...)
	l.log.Info("a user was forgotten", zap.Int("followed", done.Followed),
		zap.Int("remembered", done.Remembered), zap.Int("stored", done.Stored), zap.Error(err))
	return done, err
}
