// What /api/v1 says, written by `npm run types` from openapi.yaml: change that file instead.
// Intervals are seconds, moments RFC 3339 in UTC.

export type Problem = {
  type: "about:blank";
  title: string;
  status: number;
  detail: string;
  /** The way out. */
  remedy: string;
};

export type Seconds = number;

export type Count = number;

export type Share = number;

export type Moment = string;

/** The version by which the network was used. */
export type HTTP = 1 | 2;

/** How a wait ended. */
export type Outcome = "unknown" | "expired" | "changed" | "early" | "refused" | "left" | "reset" | "silent" | "upstream" | "drained";

/** Whether its answer is known to have arrived. */
export type Proof = "unknown" | "confirmed" | "acked" | "lost";

export type Kind = "" | "ping" | "sync";

export type Page = {
  offset: Count;
  limit: number;
  /** How many were found. */
  total: Count;
  /** There are others behind the last. */
  more: boolean;
};

/** What holds where no rule matches. */
export type Policy = {
  mode: "enforce" | "observe";
  learn: "off" | "observe" | "enforce";
  /** 0 = not known. */
  firewall_idle_seconds: Seconds;
  margin_seconds: Seconds;
};

export type Fleet = {
  now: Moment;
  /** All counts are since then. */
  started: Moment;
  uptime_seconds: Seconds;
  /** How many times faster than ours the time goes in which all moments and seconds of this API are said: 1, but 60 in `diastole demo`, whose phones live faster. */
  pace: number;
  version: string;
  commit: string;
  ready: boolean;
  /** Why no new phones should come; empty if they may. */
  unready: string;
  config: Policy & {
    profile: string;
    /** pass, edge or slice */
    hold: string;
    /** How users are written: hashed or plain. */
    users: string;
  };
  /** Waits at this moment, by kind and by where they are. */
  held: {
    total: Count;
    ping: Count;
    sync: Count;
    /** The server has nothing of them. */
    edge: Count;
    upstream: Count;
    /** Here and yet to go up. */
    queued: Count;
  };
  /** What the server has of us at this moment. */
  upstream: {
    waits: Count;
    waits_queued: Count;
    checks: Count;
    checks_queued: Count;
    /** Waits that nobody waits for any more. */
    lingering: Count;
  };
  sources: {
    name: string;
    up: boolean;
  }[];
  /** Hours that waits were held, that a worker of the server was busy with them, and the difference. */
  saved: {
    held_hours: number;
    worker_hours: number;
    saved_hours: number;
  };
  known: {
    devices: Count;
    networks: Count;
  };
  windows: Window[];
};

export type Window = {
  minutes: 5 | 60 | 1440;
  /** That ended. */
  waits: Count;
  outcomes: Partial<Record<Outcome, Count>>;
  /** Answers of which TCP said that they never arrived; their waits ended as they were meant to. */
  lost: Count;
  /** Of the waits that began, by their interval. */
  heartbeats: {
    /** Above the one before up to this; 0 = any more. */
    up_to_seconds: Seconds;
    asked: Count;
    given: Count;
  }[];
};

export type Network = {
  /** A name of policy.networks, otherwise a /24 or /48. */
  name: string;
  http: HTTP;
  /** Waits whose answer arrived. */
  survived: Count;
  /** Waits that broke in silence. */
  died: Count;
  /** Different ones lately; three are needed. */
  devices_died: Count;
  /** Of waits that die of another cause. */
  other_share: Share;
  /** As likely too high as too low; 3600 = any more. */
  limit_seconds: Seconds;
  /** It lies between low and high with 90 %. */
  limit_low_seconds: Seconds;
  limit_high_seconds: Seconds;
  /** What a wait should be at most; 0 = nothing to say. */
  advice_seconds: Seconds;
  /** That decides for a device there of which nothing else is known. */
  rule: string;
  /** What such a device gets at most; 0 = what it asks. */
  kept_seconds: Seconds;
  /** The same if all that is only observed were enforced. */
  would_seconds: Seconds;
  /** Of the last 200 intervals; 0 = none. */
  asked_mean_seconds: Seconds;
  /** Whether Exchange would warn of that mean. */
  event_1040: boolean;
};

export type NetworksPage = Page & {
  policy: Policy;
  networks: Network[];
};

export type NetworkDetail = Network & {
  policy: Policy;
  event_1040_threshold_seconds: 540;
  survival: {
    seconds: number;
    /** That this is the limit. */
    probability: Share;
    /** That a silence so long is survived. */
    survival: Share;
  }[];
  evidence: {
    seconds: Seconds;
    survived: boolean;
    when: Moment;
  }[];
};

export type Wait = {
  ended: Moment;
  asked_seconds: Seconds;
  given_seconds: Seconds;
  held_seconds: Seconds;
  outcome: Outcome;
  proof: Proof;
};

export type Device = {
  id: string;
  /** As log.users says. */
  user: string;
  device: string;
  device_type: string;
  /** That it asked from last. */
  network: string;
  http: HTTP;
  asked_seconds: Seconds;
  /** To its last wait that ended. */
  given_seconds: Seconds;
  /** The last interval that it knows to work; 0 = none. */
  last_good_seconds: Seconds;
  /** How it looks for its interval; empty while nothing explains it. */
  ladder: string;
  /** searching, settled at 12 min, fallen to the floor, oscillating */
  state: string;
  /** It was told a limit and asked for more again. */
  deaf: boolean;
  seen: Moment;
  waits: Wait[];
};

export type DevicesPage = Page & {
  devices: Device[];
};

export type DeviceDetail = Device & {
  advice_seconds: Seconds;
  /** For the query of the next page; empty when there are no more. */
  before: string;
  /** What holds for it on its network now. */
  decision: {
    rule: string;
    mode: "enforce" | "observe";
    learn: "off" | "observe" | "enforce";
    /** 0 = not known. */
    max_seconds: Seconds;
    margin_seconds: Seconds;
    clamp: "early" | "refuse";
    deny: boolean;
    /** What it gets at most; 0 = what it asks. */
    kept_seconds: Seconds;
    would_seconds: Seconds;
  };
  past: PastWait[];
};

export type PastWait = Wait & {
  kind: Kind;
  network: string;
  http: HTTP;
  /** That decided its interval. */
  rule: string;
};

/** What a phone's push costs and misses in 24 hours, on average. */
export type Day = {
  /** That its waits are given. */
  heartbeat_seconds: Seconds;
  /** Waits and a Sync for each that brought something. */
  requests_per_day: number;
  /** Each wait that ends is one with all that follows at once. */
  radio_wakes_per_day: number;
  /** Of the day without push on a forgotten connection. */
  dead_share: Share;
};

export type WhatIf = {
  minutes: number;
  /** Empty = all. */
  network: string;
  /** That asked within the last day and whose mean this is. */
  devices: Count;
  before: Day;
  after: Day;
  /** Whose own limit lies below what the box in front is seen to allow. */
  networks_limited_elsewhere: Count;
};

export type Decided = {
  when: Moment;
  /** Given as asked, lowered, would be lowered, or refused. */
  what: "given" | "lowered" | "observed" | "denied";
  id: string;
  user: string;
  device: string;
  device_type: string;
  kind: Kind;
  network: string;
  http: HTTP;
  rule: string;
  /** 0 = not known. */
  asked_seconds: Seconds;
  given_seconds: Seconds;
  would_seconds: Seconds;
  advice_seconds: Seconds;
};

export type DecisionsPage = Page & {
  /** The start of this process. */
  since: Moment;
  rules: RuleCount[];
  recent: Decided[];
};

export type RuleCount = {
  rule: string;
  /** That it decided. */
  waits: Count;
  lowered: Count;
  /** Would be lowered if all that is only observed were enforced. */
  would: Count;
  denied: Count;
  last: Moment;
};

/** The data of an event `wait` of /api/v1/events. */
export type WaitEvent = Decided & {
  happens: "begins" | "ends" | "denied";
  held_seconds: Seconds;
  /** Empty unless it ends. */
  outcome: Outcome | "";
  /** Others since the last that was shown. */
  skipped: Count;
};

export type Whois = {
  /** As it was asked for. */
  user: string;
  /** As log.users writes the name in the log. */
  shown: string[];
  /** There are more devices. */
  more: boolean;
  devices: Device[];
};

export type Forgotten = {
  /** As it was asked for. */
  user: string;
  followed: Count;
  remembered: Count;
  stored: Count;
};
