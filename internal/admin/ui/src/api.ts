// The shapes of /api/v1 as openapi.yaml describes them, by hand: what the dashboard reads
// of each and no more. Intervals are seconds, moments RFC 3339 in UTC.

export type Outcome =
  | "unknown" | "expired" | "changed" | "early" | "refused"
  | "left" | "reset" | "silent" | "upstream" | "drained";

export type Proof = "unknown" | "confirmed" | "acked" | "lost";

export interface Problem { title: string; status: number; detail: string; remedy: string }

export interface Page { offset: number; limit: number; total: number; more: boolean }

export interface Policy {
  mode: "enforce" | "observe";
  learn: "off" | "observe" | "enforce";
  firewall_idle_seconds: number; // 0: not known
  margin_seconds: number;
}

export interface Window {
  minutes: number;
  waits: number;
  outcomes: Partial<Record<Outcome, number>>;
  heartbeats: { up_to_seconds: number; asked: number; given: number }[]; // up to 0: any more
}

export interface Fleet {
  now: string;
  started: string;
  uptime_seconds: number;
  version: string;
  commit: string;
  ready: boolean;
  unready: string;
  config: Policy & { profile: string; hold: string; users: string };
  held: { total: number; ping: number; sync: number; edge: number; upstream: number; queued: number };
  upstream: { waits: number; waits_queued: number; checks: number; checks_queued: number; lingering: number };
  sources: { name: string; up: boolean }[];
  saved: { held_hours: number; worker_hours: number; saved_hours: number };
  known: { devices: number; networks: number };
  windows: Window[];
}

export interface Network {
  name: string;
  http: number;
  survived: number;
  died: number;
  devices_died: number;
  other_share: number;
  limit_seconds: number; // 3600: any more
  limit_low_seconds: number;
  limit_high_seconds: number;
  advice_seconds: number; // 0: nothing to say
  rule: string;
  kept_seconds: number; // 0: what it asks
  would_seconds: number;
  asked_mean_seconds: number;
  event_1040: boolean;
}

export interface NetworksPage extends Page { policy: Policy; networks: Network[] }

export interface NetworkDetail extends Network {
  policy: Policy;
  event_1040_threshold_seconds: number;
  survival: { seconds: number; probability: number; survival: number }[];
  evidence: { seconds: number; survived: boolean; when: string }[];
}

export interface Wait {
  ended: string;
  asked_seconds: number;
  given_seconds: number;
  held_seconds: number;
  outcome: Outcome;
  proof: Proof;
}

export interface Device {
  id: string;
  user: string;
  device: string;
  device_type: string;
  network: string;
  http: number;
  asked_seconds: number;
  given_seconds: number;
  last_good_seconds: number;
  ladder: string;
  state: string;
  deaf: boolean;
  seen: string;
  waits: Wait[]; // the youngest first
}

export interface DevicesPage extends Page { devices: Device[] }

export interface PastWait extends Wait { kind: string; network: string; http: number; rule: string }

export interface Decision {
  rule: string;
  mode: string;
  learn: string;
  max_seconds: number;
  margin_seconds: number;
  clamp: string;
  deny: boolean;
  kept_seconds: number;
  would_seconds: number;
}

export interface DeviceDetail extends Device {
  decision: Decision;
  advice_seconds: number;
  past: PastWait[]; // the youngest first
  before: string; // "" where nothing older is kept
}

export interface Day {
  heartbeat_seconds: number;
  requests_per_day: number;
  radio_wakes_per_day: number;
  dead_share: number;
}

export interface WhatIf {
  minutes: number;
  network: string;
  devices: number;
  before: Day;
  after: Day;
  networks_limited_elsewhere: number;
}

export interface Decided {
  when: string;
  what: "given" | "lowered" | "observed" | "denied";
  id: string;
  user: string;
  device: string;
  device_type: string;
  kind: string;
  network: string;
  http: number;
  rule: string;
  asked_seconds: number;
  given_seconds: number;
  would_seconds: number;
  advice_seconds: number;
}

export interface RuleCount { rule: string; waits: number; lowered: number; would: number; denied: number; last: string }

export interface DecisionsPage extends Page { since: string; rules: RuleCount[]; recent: Decided[] }

export interface WaitEvent extends Decided {
  happens: "begins" | "ends" | "denied";
  held_seconds: number;
  outcome: Outcome | "";
  skipped: number;
}
