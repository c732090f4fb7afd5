/** Owns the page: asks the instance at the pace of each section, and hands every section what it shows. */
import type { StatusDocument } from '../src/contracts/status.js';
import { counted, showAge } from '../src/observability/status/format.js';
import { StatusHistory } from '../src/observability/status/history.js';
import { judge } from '../src/observability/status/verdict.js';
import { ask } from './api.js';
import { LATENCY_CHART, RATE_CHART, SPAN_SECONDS, TimeChart } from './charts.js';
import { byId, setText } from './dom.js';
import { CausesSection } from './sections/causes.js';
import { ConfigSection } from './sections/config.js';
import { ConnectionsSection } from './sections/connections.js';
import { ExplainSection } from './sections/explain.js';
import { FiguresSection } from './sections/figures.js';
import { StreamsSection } from './sections/streams.js';
import { UpstreamsSection } from './sections/upstreams.js';
import { VerdictSection } from './sections/verdict.js';
import { WorkersSection } from './sections/workers.js';
import { startTheme } from './theme.js';
import { Ticker } from './ticker.js';
import { TokenPrompt } from './token-prompt.js';

const STATUS_MS = 1000;
const STREAMS_MS = 2000;
const CONNECTIONS_MS = 5000;
/** Judged, and shown as figures, over this many seconds. */
const LATELY_SECONDS = 10;

const history = new StatusHistory(SPAN_SECONDS);
const charts = [
  new TimeChart(byId('rate-chart'), RATE_CHART),
  new TimeChart(byId('latency-chart'), LATENCY_CHART),
];
const verdict = new VerdictSection();
const figures = new FiguresSection();
const causes = new CausesSection();
// It lives by its form.
new ExplainSection();
const parts = [new UpstreamsSection(), new WorkersSection(), new ConfigSection()];
const streams = new StreamsSection();
const connections = new ConnectionsSection();
const prompt = new TokenPrompt(() => ticker.restart());

const refreshStatus = async (): Promise<void> => {
  const reply = await ask<StatusDocument>('GET', '/status');
  switch (reply.kind) {
    case 'ok':
      take(reply.value);
      return;
    case 'unauthorized':
      ticker.stop();
      prompt.open();
      return;
    case 'missing':
      verdict.unreachable('it has no /status');
      return;
    case 'failed':
      verdict.unreachable(reply.problem);
      return;
  }
};

const take = (document: StatusDocument): void => {
  if (history.add(document)) for (const chart of charts) chart.clear();
  const [latest, lately] = [history.latest(), history.over(LATELY_SECONDS)];
  verdict.update(judge(document, lately), calmWords(document));
  figures.update(document, latest, lately);
  for (const chart of charts) chart.add(Date.parse(document.time) / 1000, latest);
  causes.update(history.over(SPAN_SECONDS));
  for (const part of parts) part.update(document);
  writeInstance(document);
};

const calmWords = ({ upstreams, workers }: StatusDocument): string => {
  const endpoints = upstreams.reduce((sum, { total }) => sum + total, 0);
  return `${counted(workers.length, 'worker')} ready, ${counted(endpoints, 'endpoint')} available`;
};

const writeInstance = ({ instance }: StatusDocument): void => {
  setText(byId('instance'), `${instance.host} · up ${showAge(instance.uptimeSeconds)}`);
  setText(
    byId('footer'),
    `Torus ${instance.version} · Node ${instance.node} · pid ${instance.pid} · started ${instance.startedAt}`,
  );
};

const ticker = new Ticker([
  { everyMs: STATUS_MS, run: refreshStatus },
  { everyMs: STREAMS_MS, run: () => streams.refresh() },
  { everyMs: CONNECTIONS_MS, run: () => connections.refresh() },
]);

byId('pause').addEventListener('click', ({ currentTarget }) => {
  ticker.pause(!ticker.isPaused);
  const button = currentTarget as HTMLElement;
  button.setAttribute('aria-pressed', String(ticker.isPaused));
  setText(button, ticker.isPaused ? 'Go on' : 'Pause');
});

startTheme(() => charts.forEach((chart) => chart.redraw()));
ticker.restart();
