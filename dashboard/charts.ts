/** Owns the two charts over time: how many requests with which outcome, and how long they took. */
import uPlot from 'uplot';
import type { StatusChange } from '../src/observability/status/change.js';
import { showLatency, showNumber } from '../src/observability/status/format.js';
import { make, setText } from './dom.js';

interface Line {
  readonly label: string;
  /** CSS variable. */
  readonly colour: string;
  readonly filled?: boolean;
  readonly valueOf: (change: StatusChange) => number | null;
}

interface ChartOptions {
  readonly lines: readonly Line[];
  readonly show: (value: number) => string;
  /** The scale reaches at least so far, so that nothing looks like something only when it is. */
  readonly least: number;
}

export const SPAN_SECONDS = 300;
const LEAST_SPAN_SECONDS = 60;
const HEIGHT = 190;
/** Between two points further apart than this nobody looked. */
const GAP_SECONDS = 5;
const LONGEST_SECONDS = 30;

const classes =
  (...wanted: readonly string[]) =>
  ({ byClass }: StatusChange): number =>
    wanted.reduce((sum, name) => sum + (byClass[name] ?? 0), 0);

const quantileOf =
  (name: 'p50' | 'p90' | 'p99') =>
  ({ latency }: StatusChange): number | null =>
    latency === undefined ? null : Math.min(latency[name], LONGEST_SECONDS);

export const RATE_CHART: ChartOptions = {
  lines: [
    { label: '2xx 3xx', colour: '--line-good', valueOf: classes('1xx', '2xx', '3xx'), filled: true },
    { label: '4xx', colour: '--line-warning', valueOf: classes('4xx') },
    { label: '5xx, broken', colour: '--line-bad', valueOf: classes('5xx', 'none') },
  ],
  show: showNumber,
  least: 5,
};

export const LATENCY_CHART: ChartOptions = {
  lines: [
    { label: 'p50', colour: '--line-low', valueOf: quantileOf('p50') },
    { label: 'p90', colour: '--line-middle', valueOf: quantileOf('p90') },
    { label: 'p99', colour: '--line-high', valueOf: quantileOf('p99') },
  ],
  show: showLatency,
  least: 0.005,
};

export class TimeChart {
  readonly #options: ChartOptions;
  readonly #host: HTMLElement;
  readonly #values: readonly HTMLElement[];
  readonly #plot: uPlot;
  /** Seconds since the epoch, then the values of each line. */
  #data: [number[], ...(number | null)[][]];

  constructor(host: HTMLElement, options: ChartOptions) {
    this.#options = options;
    this.#host = host;
    this.#data = [[], ...options.lines.map(() => [])];
    this.#values = options.lines.map(() => make('output'));
    const area = make('div', { class: 'area' });
    area.setAttribute('aria-hidden', 'true');
    host.append(this.#legend(), area);
    this.#plot = new uPlot(this.#plotOptions(), this.#data, area);
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(host);
  }

  clear(): void {
    this.#data = [[], ...this.#options.lines.map(() => [])];
  }

  /** `time` in seconds since the epoch; without a change the line is broken there. */
  add(time: number, change: StatusChange | undefined): void {
    const [times, ...lines] = this.#data;
    if (time - (times.at(-1) ?? time) > GAP_SECONDS) this.#append(time - 1, undefined);
    if (change !== undefined && change.seconds <= GAP_SECONDS) this.#append(time, change);
    const old = times.findIndex((at) => at >= time - SPAN_SECONDS);
    if (old > 0) for (const column of [times, ...lines]) column.splice(0, old);
    this.#plot.setData(this.#data, false);
    // A page that was opened just now is not left nine tenths empty.
    const span = Math.min(SPAN_SECONDS, Math.max(LEAST_SPAN_SECONDS, time - (times[0] ?? time)));
    this.#plot.setScale('x', { min: time - span, max: time });
    this.#sayValues(this.#plot.cursor.idx ?? undefined);
  }

  redraw(): void {
    this.#plot.redraw(false);
  }

  #append(time: number, change: StatusChange | undefined): void {
    const [times, ...lines] = this.#data;
    times.push(time);
    this.#options.lines.forEach(({ valueOf }, at) =>
      lines[at]?.push(change === undefined ? null : valueOf(change)),
    );
  }

  #legend(): HTMLElement {
    const items = this.#options.lines.map(({ label, colour }, at) => {
      const key = make('span', { class: `key ${colour.slice(2)}` });
      const value = this.#values[at] ?? make('output');
      return make('span', { class: 'item' }, key, make('span', { text: label }), value);
    });
    return make('div', { class: 'legend' }, ...items);
  }

  /** Of the point under the pointer, or else the newest. */
  #sayValues(index = this.#data[0].length - 1): void {
    const [, ...lines] = this.#data;
    this.#values.forEach((element, at) => {
      const value = lines[at]?.[index];
      setText(element, value === undefined || value === null ? '–' : this.#options.show(value));
    });
  }

  #size(): { readonly width: number; readonly height: number } {
    return { width: Math.max(200, this.#host.clientWidth), height: HEIGHT };
  }

  #plotOptions(): uPlot.Options {
    const { lines, show, least } = this.#options;
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(least, (max || 0) * 1.1)] } },
      axes: [
        { ...axisStyle(), size: 28, space: 90, values: (_plot, splits) => splits.map(showClock) },
        {
          ...axisStyle(),
          size: 62,
          space: 36,
          values: (_plot, splits) => splits.map((value) => show(value)),
        },
      ],
      series: [{}, ...lines.map(seriesOf)],
      hooks: { setCursor: [(plot) => this.#sayValues(plot.cursor.idx ?? undefined)] },
    };
  }
}

const seriesOf = ({ label, colour, filled }: Line): uPlot.Series => ({
  label,
  width: 1.75,
  stroke: () => colourOf(colour),
  ...(filled === true ? { fill: () => `color-mix(in srgb, ${colourOf(colour)} 12%, transparent)` } : {}),
  points: { show: false },
});

const axisStyle = (): uPlot.Axis => ({
  font: '11px system-ui, sans-serif',
  stroke: () => colourOf('--muted'),
  grid: { stroke: () => colourOf('--grid'), width: 1 },
  ticks: { show: false },
});

const colourOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

const showClock = (seconds: number): string => clock.format(seconds * 1000);
