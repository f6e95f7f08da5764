package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/diastole/diastole/internal/admin"
)

// whoisCmd finds a user or a device in the log and among the devices.
type whoisCmd struct {
	User string `arg:"" help:"The user as the phones sign in: anna@example.com, 'CORP\\anna' or anna; or a device's id."`
	adminFlags
}

// Help is shown by `diastole whois --help`.
func (whoisCmd) Help() string {
	return `Asks the admin listener of a running diastole how its log writes a user or a device, and which devices the user has. With log.users: hashed the key for it is drawn at each start: the answer is good for the lines since then.

Case does not matter, and CORP\anna is anna@corp; but anna and anna@corp are two users, and each has to be named. The other way round, ` + "`diastole devices HASH`" + ` finds the devices to a hash of either.`
}

// Run is the command.
func (c whoisCmd) Run(s streams) error {
	var found admin.Whois
	printed, err := c.tell(s.out, "/api/v1/whois", admin.Named{User: c.User}, &found)
	if printed || err != nil {
		return err
	}
	if err := c.print(paperOf(s.out), found); err != nil {
		return fmt.Errorf("printing the user: %w", err)
	}
	return nil
}

func (c whoisCmd) print(w paper, found admin.Whois) error {
	if _, err := fmt.Fprintf(w, "%s is in the log as %s\n\n", strconv.Quote(c.User), strings.Join(found.Shown, " or ")); err != nil {
		return err
	}
	if len(found.Devices) == 0 {
		_, err := fmt.Fprintln(w, "no device of this user has asked to wait")
		return err
	}
	return devicesCmd{}.print(w, admin.DevicesPage{Page: admin.Page{More: found.More}, Devices: found.Devices})
}
