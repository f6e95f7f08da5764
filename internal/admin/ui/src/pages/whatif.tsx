// What if: the firewall's minutes on a slider, a phone's day before and after.
import { useEffect, useState } from "preact/hooks";
import type { NetworksPage, WhatIf } from "../api";
import { Pair } from "../bars";
import { api } from "../client";
import { useLoad } from "../load";
import { place, refine } from "../route";
import { Empty, Shown } from "../states";
import { count, duration, figure, percent } from "../words";

/** A slider sends a hundred steps a second when it is dragged; each answer is a look at all devices. */
const settling = 80;

function minutesAsked(text: string | undefined): number {
  const n = Math.round(Number(text));
  return n >= 1 && n <= 60 ? n : 30;
}

export function WhatIfPage() {
  const { minutes: asked, network = "", http = "" } = place.value.query;
  const [minutes, setMinutes] = useState(minutesAsked(asked));
  useEffect(() => {
    const timer = setTimeout(() => refine({ minutes }), settling);
    return () => clearTimeout(timer);
  }, [minutes]);
  useEffect(() => setMinutes(minutesAsked(asked)), [asked]); // an address that was typed moves the slider too
  const loaded = useLoad<WhatIf>(api("what-if", { minutes: minutesAsked(asked), network, http }));
  return (
    <>
      <section class="card">
        <div class="slider">
          <label for="minutes">The firewall forgets a silent connection after</label>
          <output for="minutes">{minutes} min</output>
          <input id="minutes" type="range" min="1" max="60" step="1" value={minutes} aria-valuetext={`${minutes} minutes`} onInput={(e) => setMinutes(Number(e.currentTarget.value))} />
          <span class="ends" aria-hidden="true"><span>1 min</span><span>15</span><span>30</span><span>45</span><span>60 min</span></span>
        </div>
        <Choice network={network} http={http} />
      </section>
      <Shown of={loaded}>{(w) => <Days of={w} />}</Shown>
    </>
  );
}

function Choice({ network, http }: { network: string; http: string }) {
  const { data } = useLoad<NetworksPage>(api("networks", { limit: 1000, sort: "name" }), false);
  const known = data?.networks ?? [];
  const value = network ? `${http || 1} ${network}` : "";
  return (
    <label class="search">
      <span>Which firewall</span>
      <select value={value} onChange={(e) => { const [h = "", ...n] = e.currentTarget.value.split(" "); refine({ http: h, network: n.join(" ") }); }}>
        <option value="">the one in front of us, for all networks</option>
        {network && !known.some((n) => n.name === network) && <option value={value}>{network}</option>}
        {known.map((n) => <option key={`${n.http} ${n.name}`} value={`${n.http} ${n.name}`}>{n.name}{n.http === 2 ? " (HTTP/2)" : ""}</option>)}
      </select>
    </label>
  );
}

function Days({ of }: { of: WhatIf }) {
  if (of.devices === 0) return <Empty>No phone asked within the last day, so there is no day to reckon with.</Empty>;
  return (
    <>
      <div class="pairs">
        <Pair title="Heartbeat" before={of.before.heartbeat_seconds} after={of.after.heartbeat_seconds} say={duration} better="more" />
        <Pair title="Requests a day" before={of.before.requests_per_day} after={of.after.requests_per_day} say={figure} better="less" />
        <Pair title="Radio wakes a day" before={of.before.radio_wakes_per_day} after={of.after.radio_wakes_per_day} say={figure} better="less" />
        <Pair title="Day without push" before={of.before.dead_share} after={of.after.dead_share} say={percent} better="less" />
      </div>
      <p class="dim" role="status">
        The mean of {count(of.devices)} phones that asked within a day{of.network && ` from ${of.network}`}, reckoned with the ladder that each of them showed.
        {of.networks_limited_elsewhere > 0 && ` ${of.networks_limited_elsewhere === 1 ? "1 network has a lower limit of its own and stays as it is" : `${count(of.networks_limited_elsewhere)} networks have lower limits of their own and stay as they are`}.`}
      </p>
    </>
  );
}
