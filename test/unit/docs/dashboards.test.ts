/** What is shipped for Grafana and Prometheus: it parses, and every metric and label in it is one that Torus has. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import {
  INSTANCE_FAMILIES,
  PER_WORKER_FAMILIES,
  PROCESS_FAMILIES,
  SUMMED_FAMILIES,
  type MetricFamily,
} from '../../../src/observability/metric-catalogue.js';

const root = path.resolve(__dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const FAMILIES = new Map<string, MetricFamily>(
  [
    ...SUMMED_FAMILIES,
    ...INSTANCE_FAMILIES,
    ...PER_WORKER_FAMILIES,
    ...PROCESS_FAMILIES.map((family) => ({ ...family, labels: ['worker', ...family.labels] })),
  ].map((family) => [family.name, family]),
);

const familyOf = (name: string): MetricFamily | undefined => {
  const histogram = FAMILIES.get(name.replace(/_(bucket|sum|count)$/, ''));
  return FAMILIES.get(name) ?? (histogram?.kind === 'histogram' ? histogram : undefined);
};

/** What a scrape adds. */
const SCRAPED = ['instance', 'job'];
const labelsOf = (name: string): readonly string[] => [
  ...SCRAPED,
  ...(name.endsWith('_bucket') ? ['le'] : []),
  ...(familyOf(name)?.labels ?? []),
];

/** `name{label="..."}` and the lists of `by (...)` in a query. */
const selectorsIn = (expr: string): { readonly name: string; readonly labels: readonly string[] }[] =>
  [...expr.matchAll(/\b(torus_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label),
  }));

const groupingsIn = (expr: string): readonly string[] =>
  [...expr.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );

const problemsIn = (expr: string): string[] => {
  const selectors = selectorsIn(expr);
  const known = new Set(selectors.flatMap(({ name }) => labelsOf(name)));
  return [
    ...(selectors.length === 0 ? [`no metric in ${expr}`] : []),
    ...selectors.flatMap(({ name, labels }) =>
      familyOf(name) === undefined
        ? [`no such metric: ${name}`]
        : labels
            .filter((label) => !labelsOf(name).includes(label))
            .map((label) => `${name} has no label ${label}`),
    ),
    ...groupingsIn(expr)
      .filter((label) => !known.has(label))
      .map((label) => `nothing in ${expr} has the label ${label}`),
    ...selectors
      .filter(({ name }) => familyOf(name)?.kind === 'histogram' && !/_(bucket|sum|count)$/.test(name))
      .map(({ name }) => `${name} is a histogram, and has no samples of its own`),
  ];
};

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: { uid: string };
  }[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
}

describe('the checks of this file', () => {
  it.each([
    ['torus_made_up_total', 'no such metric: torus_made_up_total'],
    ['torus_workers{colour="red"}', 'torus_workers has no label colour'],
    ['sum by (colour) (torus_workers)', 'nothing in sum by (colour) (torus_workers) has the label colour'],
    [
      'rate(torus_http_request_duration_seconds[5m])',
      'torus_http_request_duration_seconds is a histogram, and has no samples of its own',
    ],
    ['up == 0', 'no metric in up == 0'],
  ])('find what is wrong with %s', (expr, problem) => {
    expect(problemsIn(expr)).toEqual([problem]);
  });
});

describe('deploy/grafana/torus.json', () => {
  const dashboard = JSON.parse(read('deploy/grafana/torus.json')) as Dashboard;
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  it('asks only for metrics and labels that there are', () => {
    const problems = panels.flatMap(({ title, targets = [] }) =>
      targets.flatMap(({ expr }) => problemsIn(expr).map((problem) => `${title}: ${problem}`)),
    );
    expect(problems).toEqual([]);
    const wanted = dashboard.templating.list.flatMap(({ query }) => selectorsIn(JSON.stringify(query)));
    for (const { name } of wanted) expect(FAMILIES.has(name)).toBe(true);
  });

  it('can be imported: ids are unique, every query names the data source that is chosen, every panel its queries', () => {
    expect(dashboard).toMatchObject({ uid: 'torus-gateway', title: 'Torus', schemaVersion: 39 });
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { title, targets = [] } of panels) {
      expect([title, targets.length > 0]).toEqual([title, true]);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (const { datasource } of targets) expect(datasource.uid).toBe('${datasource}');
    }
  });

  it('lays its panels side by side, none over another', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, taken.get(`${String(x)},${String(y)}`)]).toEqual([title, undefined]);
          taken.set(`${String(x)},${String(y)}`, title);
        }
    }
  });
});

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

describe('deploy/prometheus/torus-alerts.yaml', () => {
  const { groups } = parse(read('deploy/prometheus/torus-alerts.yaml')) as {
    groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);

  it('asks only for metrics and labels that there are', () => {
    expect(
      rules.flatMap(({ alert, expr }) => problemsIn(expr).map((problem) => `${alert}: ${problem}`)),
    ).toEqual([]);
  });

  it('says of each alert how urgent it is, what it means and where to look', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations, ...rule } of rules) {
      expect(alert).toMatch(/^Torus[A-Z]/);
      expect(['page', 'ticket']).toContain(labels.severity);
      expect(annotations.summary.length).toBeGreaterThan(20);
      expect(annotations.description.length).toBeGreaterThan(20);
      if (rule.for !== undefined) expect(rule.for).toMatch(/^\d+[smh]$/);
    }
  });
});
