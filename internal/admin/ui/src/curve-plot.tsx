// The picture of a network: the survival curve, the waits that it is believed for, the
// limit with its interval, advice and policy.
import uPlot from "uplot";
import type { NetworkDetail } from "./api";
import { limited, lines, reach, stacked, survival, told, type Line } from "./curve";
import type { Ink } from "./ink";
import { axis, Plot, type Options } from "./plot";
import { duration, percent } from "./words";

const steps = [30, 60, 120, 300, 600, 900];

export function CurvePlot({ of }: { of: NetworkDetail }) {
  const options = (colours: Ink): Options => ({
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    legend: { show: false },
    padding: [18 * lines(of).length + 8, 24, 0, 0],
    scales: { x: { time: false, range: [0, reach(of)] }, y: { range: [-0.28, 1.3] } },
    axes: [
      axis(colours, { incrs: steps, values: (_, at) => at.map(duration), label: "silence", labelSize: 20, labelFont: colours.font }),
      axis(colours, { size: 56, splits: () => [0, 0.25, 0.5, 0.75, 1], values: (_, at) => at.map((v) => percent(v)) }),
    ],
    series: [{}, { stroke: colours.accent, width: 2, fill: `color-mix(in srgb, ${colours.accent} 12%, transparent)`, fillTo: 0, points: { show: false } }],
    hooks: { drawAxes: [(u) => band(u, of, colours)], draw: [(u) => { evidence(u, of, colours); rulers(u, lines(of), colours); }] },
  });
  const shape = JSON.stringify([of.name, of.http, reach(of), lines(of), of.evidence, of.limit_low_seconds, of.limit_high_seconds]);
  return <Plot label={`Survival curve of ${of.name}. ${told(of)}`} height={360} data={survival(of)} options={options} shape={shape} />;
}

/** Where the limit lies with 90 %. */
function band(u: uPlot, n: NetworkDetail, colours: Ink): void {
  if (!limited(n)) return;
  const from = u.valToPos(n.limit_low_seconds, "x", true);
  const to = u.valToPos(Math.min(n.limit_high_seconds, reach(n)), "x", true);
  u.ctx.fillStyle = `color-mix(in srgb, ${colours.accent} 16%, transparent)`;
  u.ctx.fillRect(from, u.bbox.top, Math.max(2, to - from), u.bbox.height);
}

/** Rings above the curve are waits that were survived, crosses below it those that died: form says it, colour repeats it. */
function evidence(u: uPlot, n: NetworkDetail, colours: Ink): void {
  const scale = devicePixelRatio, r = 3.2 * scale;
  for (const e of stacked(n, reach(n) / 120)) {
    const x = u.valToPos(e.seconds, "x", true);
    const y = u.valToPos(e.survived ? 1.06 + Math.min(e.level, 7) * 0.03 : -0.06 - Math.min(e.level, 6) * 0.03, "y", true);
    u.ctx.beginPath();
    u.ctx.lineWidth = 1.6 * scale;
    u.ctx.strokeStyle = e.survived ? colours.good : colours.bad;
    if (e.survived) u.ctx.arc(x, y, r, 0, 2 * Math.PI);
    else cross(u.ctx, x, y, r);
    u.ctx.stroke();
  }
}

function cross(to: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  to.moveTo(x - r, y - r);
  to.lineTo(x + r, y + r);
  to.moveTo(x - r, y + r);
  to.lineTo(x + r, y - r);
}

/** One line for each figure, its name on a floor of its own so that names never lie on each other. */
function rulers(u: uPlot, all: Line[], colours: Ink): void {
  const scale = devicePixelRatio;
  u.ctx.save();
  u.ctx.font = colours.font.replace("12px", `${12 * scale}px`);
  u.ctx.textBaseline = "middle";
  const at = all.map((line, floor) => ({ line, x: u.valToPos(line.seconds, "x", true), y: u.bbox.top - (floor * 18 + 10) * scale, floor }));
  for (const { line, x, y, floor } of at) {
    u.ctx.strokeStyle = colours[line.tone];
    u.ctx.lineWidth = 1.5 * scale;
    u.ctx.setLineDash(line.name === "learned limit" ? [] : [(4 + floor * 2) * scale, 3 * scale]);
    u.ctx.beginPath();
    u.ctx.moveTo(x, y - 6 * scale);
    u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
    u.ctx.stroke();
  }
  for (const { line, x, y } of at) name(u, `${line.name} ${duration(line.seconds)}`, x, y, colours[line.tone], colours.card);
  u.ctx.restore();
}

/** A name beside its line, on the side where there is room, over the lines of others. */
function name(u: uPlot, text: string, x: number, y: number, colour: string, ground: string): void {
  const scale = devicePixelRatio, width = u.ctx.measureText(text).width;
  const left = x > u.bbox.left + u.bbox.width * 0.6 ? x - width - 5 * scale : x + 5 * scale;
  u.ctx.fillStyle = ground;
  u.ctx.fillRect(left - 2 * scale, y - 8 * scale, width + 4 * scale, 16 * scale);
  u.ctx.fillStyle = colour;
  u.ctx.textAlign = "left";
  u.ctx.fillText(text, left, y);
}
