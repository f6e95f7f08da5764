package heartbeat

import "time"

// Crowd is what many devices were seen to do, put together by network and ladder, to
// say what they would do on other paths.
type Crowd struct {
	groups map[group]int // devices
	news   map[Network]*rate
	all    rate
}

// group are devices that behave alike.
type group struct {
	network Network
	ladder  string
	asked   time.Duration // in minutes, of devices that stay where they are
}

// rate is how much new comes while phones wait.
type rate struct {
	waited time.Duration
	news   int
}

// enoughWaited is how long phones of one network must have waited for its own rate of
// news to be believed: a mail in the only ten minutes that were seen is not six an hour.
const enoughWaited = 24 * time.Hour

func (r *rate) add(h Habit) {
	r.waited += h.Waited
	r.news += h.News
}

func (r *rate) perHour() float64 {
	if r == nil || r.waited <= 0 {
		return 0
	}
	return float64(r.news) / r.waited.Hours()
}

// NewCrowd is nobody yet.
func NewCrowd() *Crowd { return &Crowd{groups: map[group]int{}, news: map[Network]*rate{}} }

// Add takes a device in.
func (c *Crowd) Add(h Habit) {
	if h.Asked <= 0 {
		return // how long it waits is not known
	}
	g := group{network: h.Network, ladder: h.Ladder}
	if l, moves := preset(h.Ladder); !moves || l.Step == 0 {
		g.ladder, g.asked = "", max(h.Asked.Round(time.Minute), shortestWait)
	}
	c.groups[g]++
	if c.news[h.Network] == nil {
		c.news[h.Network] = &rate{}
	}
	c.news[h.Network].add(h)
	c.all.add(h)
}

// Devices is how many there are.
func (c *Crowd) Devices() (n int) {
	for _, devices := range c.groups {
		n += devices
	}
	return n
}

// Day is the mean of all of them; path says what stands in a network's way.
func (c *Crowd) Day(path func(Network) Path) (mean Day) {
	paths, heartbeat := map[Network]Path{}, 0.0
	devices := float64(c.Devices())
	for g, n := range c.groups {
		p, known := paths[g.network]
		if !known {
			p = path(g.network)
			paths[g.network] = p
		}
		d, share := g.day(p, c.perHour(g.network)), float64(n)/devices
		heartbeat += share * float64(d.Heartbeat)
		mean.Requests += share * d.Requests
		mean.Wakes += share * d.Wakes
		mean.Dead += share * d.Dead
	}
	mean.Heartbeat = time.Duration(heartbeat).Round(time.Second)
	return mean
}

// perHour is how much new comes to a device of a network in an hour.
func (c *Crowd) perHour(n Network) float64 {
	if own := c.news[n]; own != nil && own.waited >= enoughWaited {
		return own.perHour()
	}
	return c.all.perHour()
}

func (g group) day(p Path, news float64) Day {
	l, moves := preset(g.ladder)
	if !moves { // whatever it is, it stays
		l = Ladder{Start: g.asked, Min: g.asked, Max: g.asked}
	}
	return l.Day(p, news)
}

func preset(name string) (Ladder, bool) {
	for _, l := range presets {
		if l.Name == name && l.Step > 0 {
			return l, true
		}
	}
	return Ladder{}, false
}
