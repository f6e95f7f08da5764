// The frame of all pages: where one can go, how the stream is, what program this is.
import { useEffect, useRef } from "preact/hooks";
import { locked } from "./client";
import { Gate } from "./gate";
import { choose, theme, type Theme } from "./ink";
import { fleet, link, paused } from "./live";
import { DecisionsPage } from "./pages/decisions";
import { DevicePage } from "./pages/device";
import { DevicesPage } from "./pages/devices";
import { FleetPage } from "./pages/fleet";
import { NetworkPage } from "./pages/network";
import { NetworksPage } from "./pages/networks";
import { WhatIfPage } from "./pages/whatif";
import { href, place } from "./route";
import { Empty } from "./states";
import { count, duration, figure, plain } from "./words";

const pages = [
  { name: "fleet", title: "Fleet", list: FleetPage },
  { name: "networks", title: "Networks", list: NetworksPage, one: NetworkPage, called: (name: string) => `Network ${plain(name)}` },
  { name: "devices", title: "Devices", list: DevicesPage, one: DevicePage, called: () => "Device" },
  { name: "what-if", title: "What if", list: WhatIfPage },
  { name: "decisions", title: "Decisions", list: DecisionsPage },
];

export function App() {
  const { page, name } = place.value;
  const shown = pages.find((p) => p.name === page);
  const Body = (name && shown?.one) || shown?.list;
  const title = (name && shown?.called?.(name)) || (shown?.title ?? "Not found");
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${title} – diastole`;
    // A screen reader hears of the new page by its heading; on the first one the browser does it.
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [page, name]);
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); heading.current?.focus(); }}>To the content</a>
      <Header page={page} />
      <Pace />
      <main id="main">
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {locked.value ? <Gate /> : Body ? <Body key={page + name} /> : <Empty>There is no such page. <a href={href("fleet")}>To the fleet</a></Empty>}
      </main>
      <Footer />
    </>
  );
}

const links = {
  live: { mark: "●", word: "live", tone: "good" },
  connecting: { mark: "○", word: "connecting", tone: "plain" },
  locked: { mark: "○", word: "token needed", tone: "warn" },
  paused: { mark: "‖", word: "paused", tone: "warn" },
  lost: { mark: "✗", word: "connection lost, trying again", tone: "bad" },
};

function Header({ page }: { page: string }) {
  const state = locked.value ? links.locked : links[paused.value && link.value === "live" ? "paused" : link.value];
  return (
    <header>
      <a class="brand" href={href("fleet")}><img src="icon.svg" alt="" width="26" height="26" /> diastole</a>
      <nav aria-label="Pages"><ul>{pages.map((p) => <li key={p.name}><a href={href(p.name)} {...(p.name === page ? { "aria-current": "page" as const } : {})}>{p.title}</a></li>)}</ul></nav>
      <p class={`mark ${state.tone}`} role="status"><span aria-hidden="true">{state.mark}</span> {state.word}</p>
      <button type="button" aria-pressed={paused.value} onClick={() => { paused.value = !paused.value; }}>Pause</button>
      <label class="theme"><span class="unseen">Colours</span>
        <select value={theme.value} onChange={(e) => choose(e.currentTarget.value as Theme)}><option value="auto">Auto</option><option value="light">Light</option><option value="dark">Dark</option></select>
      </label>
    </header>
  );
}

/** Says that this is a world whose time runs faster: otherwise an hour of waits in a minute would look like a lie. */
function Pace() {
  const pace = fleet.value?.pace ?? 1;
  if (pace <= 1) return null;
  return (
    <aside class="pace">
      <strong>Time runs {count(pace)} times faster here:</strong> a minute of these phones is over in {figure(60 / pace)} s. Every duration and clock is theirs.
    </aside>
  );
}

function Footer() {
  const now = fleet.value;
  return (
    <footer>
      {now && <span>diastole {now.version}{now.commit && ` ${now.commit.slice(0, 12)}`}, up {duration(now.uptime_seconds)}; policy {now.config.mode}, learn {now.config.learn}, hold {now.config.hold}, profile {now.config.profile}</span>}
      <span><a href="/api/v1/openapi.yaml">API</a> <a href="/metrics">Metrics</a> <a href="/readyz">Readiness</a></span>
    </footer>
  );
}
