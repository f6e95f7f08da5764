// A device's waits through time: what it asked, what it was given, how long each was held
// and how it ended.
import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import type { PastWait } from "./api";
import type { Ink } from "./ink";
import { fate } from "./outcome";
import { axis, Plot, timeAxis, type Options } from "./plot";
import { series, tally } from "./timeline";
import { duration } from "./words";

const stepped = uPlot.paths.stepped!({ align: -1 });

export function TimelinePlot({ past, advice }: { past: PastWait[]; advice: number }) {
  const data = useMemo(() => { const s = series(past); return [s.at, s.given, s.asked, s.held] as uPlot.AlignedData; }, [past]);
  const marks = past.toReversed().map(fate);
  const options = (colours: Ink): Options => ({
    cursor: { drag: { x: false, y: false } },
    legend: { show: false },
    padding: [16, 30, 0, 0],
    scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, Math.max(60, max * 1.15)] } },
    axes: [timeAxis(colours), axis(colours, { size: 64, incrs: [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800], values: (_, at) => at.map(duration) })],
    series: [
      {},
      { stroke: colours.calm, width: 2.5, paths: stepped, points: { show: false } },
      { stroke: colours.warn, width: 1.5, dash: [6, 4], paths: stepped, points: { show: false } },
      { stroke: "transparent", points: { show: false } },
    ],
    hooks: { draw: [(u) => dots(u, marks, colours), (u) => ruler(u, advice, colours)] },
  });
  const words = tally(past).map(([word, n]) => `${n} ${word}`).join(", ");
  return <Plot label={`The last ${past.length} waits through time: ${words}.`} height={280} data={data} options={options}
    shape={JSON.stringify([marks.map((m) => m.mark).join(""), past[0]?.ended, past.at(-1)?.ended, advice])} />;
}

/** The mark of each outcome, at the height of how long the wait was held. */
function dots(u: uPlot, marks: { mark: string; tone: keyof Ink }[], colours: Ink): void {
  const scale = devicePixelRatio, held = u.data[3]!;
  u.ctx.save();
  u.ctx.font = `bold ${colours.font.replace("12px", `${11 * scale}px`)}`;
  u.ctx.textAlign = "center";
  u.ctx.textBaseline = "middle";
  u.data[0].forEach((at, i) => {
    const x = u.valToPos(at, "x", true), y = u.valToPos(held[i] ?? 0, "y", true);
    u.ctx.fillStyle = colours[marks[i]?.tone ?? "plain"];
    u.ctx.beginPath();
    u.ctx.arc(x, y, 8 * scale, 0, 2 * Math.PI);
    u.ctx.fill();
    u.ctx.fillStyle = colours.card;
    u.ctx.fillText(marks[i]?.mark ?? "?", x, y);
  });
  u.ctx.restore();
}

function ruler(u: uPlot, advice: number, colours: Ink): void {
  if (advice <= 0 || advice > (u.scales["y"]!.max ?? 0)) return;
  const scale = devicePixelRatio, y = u.valToPos(advice, "y", true);
  u.ctx.save();
  u.ctx.strokeStyle = u.ctx.fillStyle = colours.good;
  u.ctx.setLineDash([2 * scale, 4 * scale]);
  u.ctx.beginPath();
  u.ctx.moveTo(u.bbox.left, y);
  u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
  u.ctx.stroke();
  u.ctx.font = colours.font.replace("12px", `${12 * scale}px`);
  u.ctx.textAlign = "right";
  u.ctx.fillText(`advice ${duration(advice)}`, u.bbox.left + u.bbox.width - 4 * scale, y - 12 * scale); // above the marks of waits that were kept at it
  u.ctx.restore();
}
