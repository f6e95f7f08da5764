// A network as the API tells of one, for the tests.
import type { NetworkDetail } from "../src/api";

export function network(change: Partial<NetworkDetail> = {}): NetworkDetail {
  const survival = Array.from({ length: 120 }, (_, i) => {
    const seconds = 30 * (i + 1);
    return { seconds, probability: seconds === 780 ? 1 : 0, survival: seconds < 780 ? 1 : 0 };
  });
  return {
    name: "carrier-x", http: 1, survived: 412, died: 37, devices_died: 9, other_share: 0.01,
    limit_seconds: 780, limit_low_seconds: 780, limit_high_seconds: 810, advice_seconds: 750,
    rule: "default", kept_seconds: 750, would_seconds: 750, asked_mean_seconds: 708, event_1040: false,
    policy: { mode: "enforce", learn: "enforce", firewall_idle_seconds: 0, margin_seconds: 30 },
    event_1040_threshold_seconds: 540, survival, evidence: [], ...change,
  };
}
