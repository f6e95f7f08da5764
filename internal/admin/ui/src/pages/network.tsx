// One network: the picture of what it survives, and what follows from it.
import type { NetworkDetail } from "../api";
import { api } from "../client";
import { CurvePlot } from "../curve-plot";
import { interval, limited } from "../curve";
import { useLoad } from "../load";
import { href, place } from "../route";
import { Shown } from "../states";
import { count, date, duration, durationOr, percent } from "../words";
import { kept } from "./networks";

export function NetworkPage() {
  const { name, query } = place.value;
  const path = name.split("/").map(encodeURIComponent).join("/"); // the slash of a prefix stands as it is
  const loaded = useLoad<NetworkDetail>(api(`networks/${path}`, { http: query["http"] ?? "" }));
  return <Shown of={loaded}>{(n) => <Network of={n} />}</Shown>;
}

function Network({ of }: { of: NetworkDetail }) {
  return (
    <>
      <p class="crumbs"><a href={href("networks")}>Networks</a> / {of.name} {of.http === 2 && <span class="tag">HTTP/2</span>}</p>
      <section class="card">
        <h2>How long silence survives here</h2>
        <p class="key">
          <span class="line accent" aria-hidden="true" /> believed to survive <span class="mark good"><span aria-hidden="true">○</span> survived</span>{" "}
          <span class="mark bad"><span aria-hidden="true">✗</span> died in silence</span> {limited(of) && <><span class="box band" aria-hidden="true" /> the limit, with 90 %</>}
        </p>
        <CurvePlot of={of} />
        <p>{sentence(of)}</p>
      </section>
      <dl class="facts card">
        <div><dt>Learned limit</dt><dd>{limited(of) ? interval(of) : "none has shown"}</dd></div>
        <div><dt>Advice</dt><dd>{durationOr(of.advice_seconds, "nothing to say")}</dd></div>
        <div><dt>Policy</dt><dd>{of.policy.mode}, learn {of.policy.learn}, margin {duration(of.policy.margin_seconds)}</dd></div>
        <div><dt>Rule</dt><dd><a href={href("decisions", "", { rule: of.rule })}>{of.rule}</a></dd></div>
        <div><dt>Kept at</dt><dd>{kept(of)}</dd></div>
        <div><dt>Evidence</dt><dd>{count(of.survived)} survived, {count(of.died)} died on {count(of.devices_died)} devices</dd></div>
        <div><dt>Dies of another cause</dt><dd>{percent(of.other_share)}</dd></div>
        <div><dt>Mean of the last 200</dt><dd>{durationOr(of.asked_mean_seconds)}, Exchange warns below {duration(of.event_1040_threshold_seconds)}</dd></div>
      </dl>
      <p><a class="button" href={href("what-if", "", { network: of.name, http: of.http })}>What if its firewall allowed more?</a> <a class="button" href={href("devices", "", { network: of.name, http: of.http })}>Its devices</a></p>
      <details class="card">
        <summary>The evidence as a table</summary>
        <table><caption class="unseen">Evidence of {of.name}</caption>
          <thead><tr><th scope="col">When</th><th scope="col" class="number">Silence</th><th scope="col">Ended</th></tr></thead>
          <tbody>{of.evidence.map((e, i) => <tr key={i}><td>{date(e.when)}</td><td class="number">{duration(e.seconds)}</td><td>{e.survived ? <span class="mark good">○ survived</span> : <span class="mark bad">✗ died</span>}</td></tr>)}</tbody>
        </table>
      </details>
    </>
  );
}

/** What an administrator should take away. */
function sentence(n: NetworkDetail): string {
  if (!limited(n)) return n.survived > 0 ? "Nothing has died here in silence for want of traffic." : "Too little has been seen to say anything.";
  const limit = `${n.name} forgets a silent connection after about ${duration(n.limit_seconds)}.`;
  if (n.advice_seconds === 0) return `${limit} Too few devices have shown it to act on it: three are needed.`;
  if (n.kept_seconds > 0) return `${limit} Waits are kept at ${duration(n.kept_seconds)}.`;
  return `${limit} Waits would be kept at ${duration(n.would_seconds || n.advice_seconds)}, but nothing is done; set policy.learn: enforce.`;
}
