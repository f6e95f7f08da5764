// A chart by uPlot, as wide as its place. It is a picture: what it says stands in words in
// its label, and its figures in a table beside it.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { ink, repaint, type Ink } from "./ink";
import { moments } from "./words";

export type Options = Omit<uPlot.Options, "width" | "height">;

interface PlotProps {
  label: string;
  height: number;
  data: uPlot.AlignedData;
  options: (ink: Ink) => Options;
  /** What the options depend on: another value makes another chart, the same only moves its data. */
  shape: string;
}

export function Plot({ label, height, data, options, shape }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const painted = repaint.value;
  useEffect(() => {
    const at = place.current!;
    const made = new uPlot({ ...options(ink()), width: at.clientWidth, height }, data, at);
    chart.current = made;
    const watch = new ResizeObserver(() => { if (at.clientWidth > 0) made.setSize({ width: at.clientWidth, height }); });
    watch.observe(at);
    return () => {
      watch.disconnect();
      chart.current = undefined;
      made.destroy();
    };
  }, [shape, painted, height]);
  useEffect(() => chart.current?.setData(data), [data]);
  return <div class="plot" ref={place} role="img" aria-label={label} />;
}

/** An axis in the page's colours. */
export function axis(colours: Ink, more: uPlot.Axis = {}): uPlot.Axis {
  const line = { stroke: colours.rule, width: 1 };
  return { size: 34, stroke: colours.dim, font: colours.font, grid: line, ticks: { ...line, size: 4 }, gap: 6, ...more };
}

/** An axis of time by the clock of the browser, with 24 hours. */
export function timeAxis(colours: Ink): uPlot.Axis {
  return axis(colours, { space: 90, values: (_, at) => moments(at) });
}
