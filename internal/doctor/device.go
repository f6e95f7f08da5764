package doctor

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/check"
	"github.com/diastole/diastole/wbxml/eas"
)

const (
	// prompt bounds commands that do not wait.
	prompt = 30 * time.Second

	// slack is how much later than it was asked an answer to a Ping may come before
	// it counts as none: SOGo needs half a second more, a loaded server some.
	slack = 15 * time.Second

	// week is the FilterType of its Syncs (MS-ASCMD 2.2.3.68.2): ten years of mail
	// would only take time.
	week = 3
)

// device is a phone that does nothing by itself.
type device struct {
	*lab.Phone
	name    string
	version string
	inbox   string
	mails   []lab.Mail // of the inbox, as they came
}

// devices makes the two, for a protocol version.
func (v *visit) devices(version string) {
	v.version = version
	v.first, v.second = v.device("1"), v.device("2")
}

// device makes one whose name is the same at every visit, so that the server's list
// of devices does not grow.
func (v *visit) device(number string) *device {
	d := &device{name: "DiastoleDoctor" + number, version: v.version}
	d.Phone = lab.NewPhone(lab.PhoneConfig{
		URL: endpoint(v.URL), User: v.User, Password: v.Password,
		DeviceID: d.name, DeviceType: "Diastole", UserAgent: "diastole-doctor",
		Version: v.version, Timeout: prompt, Filter: week,
		CloseAll: true, // sogod says nothing of closing, and closes: the next request would be lost
		Dial:     v.Dial, TLS: v.TLS, OnMail: func(m lab.Mail) { d.mails = append(d.mails, m) },
	})
	return d
}

var errNoInbox = errors.New("FolderSync names no inbox: whoever logs in here has no mailbox that phones can use")

// enter takes the folders and the inbox.
func (d *device) enter(ctx context.Context) error {
	if err := d.findInbox(ctx); err != nil {
		return err
	}
	return d.settle(ctx)
}

// findInbox takes the folders.
func (d *device) findInbox(ctx context.Context) error {
	if err := d.FolderSync(ctx); err != nil {
		return err
	}
	for _, f := range d.Folders() {
		if f.Type == int(eas.FolderInbox) {
			d.inbox = f.ID
			return nil
		}
	}
	return errNoInbox
}

// settle syncs until nothing is left. SOGo has a last word after the mail itself: a
// Ping right behind it is answered at once, with a change that is none.
func (d *device) settle(ctx context.Context) error {
	for range 2 {
		if err := d.Sync(ctx, d.inbox); err != nil {
			return err
		}
	}
	return nil
}

func (d *device) waitsOn() []check.Folder {
	return []check.Folder{{ID: d.inbox, Class: "Email", SyncKey: d.Key(d.inbox), FilterType: week}}
}

// estimate asks by GetItemEstimate whether something changed since the last Sync.
func (d *device) estimate(ctx context.Context) (a Answer, err error) {
	body, _ := check.Estimate(d.version, d.waitsOn()) // there is a key: it has synced
	began := time.Now()
	answer, err := d.Ask(ctx, eas.CommandGetItemEstimate.String(), body, prompt)
	a.Took = Span(time.Since(began))
	if err != nil {
		return failed(ctx, a, err)
	}
	verdict := check.ReadEstimate(answer, d.waitsOn())
	a.State, a.Says = verdict.State.String(), verdict.Why
	if read, err := eas.ParseEstimateResponse(answer); err == nil && len(read.Answers) == 1 {
		if one := read.Answers[0]; one.Status == eas.EstimateSuccess {
			a.Says = strconv.Itoa(one.Estimate)
		} else {
			a.Says = "status " + strconv.Itoa(int(one.Status))
		}
	}
	return a, nil
}

// ping asks the same by a Ping that lasts so long at most.
func (d *device) ping(ctx context.Context, interval time.Duration) (a Answer, err error) {
	began := time.Now()
	answer, err := d.Ask(ctx, eas.CommandPing.String(), check.Ping(interval, d.waitsOn()), interval+slack)
	a.Took = Span(time.Since(began))
	if err != nil {
		return failed(ctx, a, err)
	}
	verdict := check.ReadPing(answer, d.waitsOn())
	a.State, a.Says = verdict.State.String(), verdict.Why
	if read, err := eas.ParsePingResponse(answer); err == nil {
		a.Says = "status " + strconv.Itoa(int(read.Status))
		a.limit = time.Duration(read.Interval) * time.Second
	}
	return a, nil
}

// failed is a question that was not answered: a finding, unless it is we who stop.
func failed(ctx context.Context, a Answer, err error) (Answer, error) {
	if ctx.Err() != nil {
		return a, ctx.Err()
	}
	a.State, a.Says = check.Unclear.String(), "no answer"
	var refused *lab.HTTPError
	if errors.As(err, &refused) {
		a.Says = "HTTP " + strconv.Itoa(refused.Code)
	}
	return a, nil
}
