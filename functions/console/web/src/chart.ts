// A chart of samples. It is a file of its own, which a page loads with its first chart.

import uPlot from "uplot";

export interface Line {
  times: number[]; // seconds
  values: number[];
  min?: number; // bounds of a good sample
  max?: number;
}

function color(name: string): string { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

/** Draws a chart into an element. The returned function removes it. */
export function draw(element: HTMLElement, line: Line, name: string): () => void {
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 } };
  const bounds = [line.min, line.max].filter((b) => b !== undefined);
  const options: uPlot.Options = {
    width: element.clientWidth || 300, height: 240, legend: { show: false }, cursor: { drag: { x: false, y: false } },
    axes: [axis, { ...axis, size: 70 }],
    scales: { y: { range: (_, low, high) => { const all = [low, high, ...bounds], least = Math.min(...all), most = Math.max(...all), pad = (most - least || Math.abs(most) || 1) * .08; return [least - pad, most + pad]; } } },
    series: [{}, { label: name, stroke: color("--accent"), width: 2, points: { size: 5 } },
      ...bounds.map(() => ({ label: "objective", stroke: color("--orange"), width: 1, dash: [6, 4], points: { show: false } }))],
  };
  const chart = new uPlot(options, [line.times, line.values, ...bounds.map((b) => line.times.map(() => b))], element);
  const observer = new ResizeObserver(() => { if (element.clientWidth > 0) chart.setSize({ width: element.clientWidth, height: 240 }); });
  observer.observe(element);
  return () => { observer.disconnect(); chart.destroy(); };
}
