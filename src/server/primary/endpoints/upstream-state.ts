/** Owns what is known of one upstream: its endpoints and their states, who may be ejected, and when all are used in panic. */
import type { EndpointOutcome, UpstreamEndpoints } from '../../../contracts/endpoint-feed.js';
import type {
  EndpointConfig,
  OutlierEjectionConfig,
  UpstreamConfig,
} from '../../../contracts/upstream-config.js';
import type { Log } from '../../../observability/logger.js';
import type { EndpointCounts } from './endpoint-counts.js';
import { endpointKey } from '../../../http/endpoint-address.js';
import { failingAfter } from '../../../http/failing-endpoint.js';
import { EndpointRecord } from './endpoint-record.js';
import type { EndpointState } from './endpoint-record.js';
import { HealthChecks } from './health-checks.js';
import type { HealthCheckServices } from './health-checks.js';
import type { EndpointSource } from './sources/source.js';

export interface UpstreamStateServices extends HealthCheckServices {
  readonly log: Log;
  readonly counts: EndpointCounts;
}

/** When and why an endpoint came to its state. */
export interface StateNote {
  readonly state: EndpointState;
  readonly why: string;
  readonly sinceMs: number;
}

const UNCHECKED = 'in use: it is not checked';
const SPARED = {
  'last-available': 'no other is available',
  'max-ejected': 'as many as may be are ejected',
} as const;
const TO_BE_CHECKED = 'in use until the first check has ended';

export class UpstreamState {
  readonly #services: UpstreamStateServices;
  /** Something that workers should know has changed. */
  readonly #onChange: () => void;
  #config: UpstreamConfig;
  #source: EndpointSource;
  #records = new Map<string, EndpointRecord>();
  readonly #notes = new Map<EndpointRecord, StateNote>();
  readonly #readmissions = new Map<EndpointRecord, () => void>();
  #checks: HealthChecks | undefined;
  #panic = false;
  /** Workers do not know yet. */
  #isNews = true;

  constructor(
    config: UpstreamConfig,
    source: EndpointSource,
    services: UpstreamStateServices,
    onChange: () => void,
  ) {
    this.#config = config;
    this.#source = source;
    this.#services = services;
    this.#onChange = onChange;
  }

  get config(): UpstreamConfig {
    return this.#config;
  }

  get source(): EndpointSource {
    return this.#source;
  }

  get isPanicking(): boolean {
    return this.#panic;
  }

  /** Begins to check. `isFirst`: at the start of the instance, when no endpoint is newer than another. */
  start(isFirst: boolean): void {
    this.#source.onChange = () => this.#takeEndpoints(false);
    this.#checks = this.#newChecks();
    this.#takeEndpoints(isFirst);
  }

  stop(): void {
    this.#checks?.stop();
    this.#source.stop();
    for (const cancel of this.#readmissions.values()) cancel();
    this.#readmissions.clear();
  }

  /** A reload: endpoints that stay keep their states, and what they were checked and ejected for. */
  reconfigure(config: UpstreamConfig, source: EndpointSource): void {
    this.#checks?.stop();
    if (source !== this.#source) this.#source.stop();
    this.#config = config;
    this.#source = source;
    source.onChange = () => this.#takeEndpoints(false);
    for (const record of this.#records.values()) {
      this.#change(record, () => record.setChecked(config.healthCheck !== undefined));
      if (config.outlierEjection === undefined) this.#readmit(record, 'ejection is turned off');
      this.#note(record, config.healthCheck === undefined ? UNCHECKED : TO_BE_CHECKED);
    }
    this.#checks = this.#newChecks();
    this.#takeEndpoints(false);
  }

  /** What workers are told. */
  view(): UpstreamEndpoints {
    const nowMs = this.#services.scheduler.now();
    const endpoints = [...this.#records.values()].map((record) => record.view(nowMs));
    return { upstream: this.#config.name, panic: this.#panic, endpoints };
  }

  /** As `view`, for a configuration that does not serve yet. */
  viewAs(config: UpstreamConfig, endpoints: readonly EndpointConfig[]): UpstreamEndpoints {
    const nowMs = this.#services.scheduler.now();
    const isChecked = config.healthCheck !== undefined;
    const views = endpoints.map((endpoint) => {
      const known = this.#records.get(endpointKey(endpoint))?.view(nowMs);
      if (known !== undefined) return { ...known, config: endpoint };
      return new EndpointRecord(endpoint, isChecked, nowMs).view(nowMs);
    });
    return { upstream: config.name, panic: this.#panic, endpoints: views };
  }

  /** Every endpoint with its state, in the order of the source. */
  entries(): readonly (readonly [EndpointRecord, StateNote])[] {
    const unknown: StateNote = { state: 'healthy', why: '', sinceMs: 0 };
    return [...this.#records.values()].map((record) => [record, this.#notes.get(record) ?? unknown]);
  }

  /** A worker tells what it saw. */
  onOutcome(outcome: EndpointOutcome): void {
    const record = this.#records.get(outcome.endpoint);
    // Exchanges that were running when it was ejected say nothing new.
    if (record === undefined || record.ejection !== undefined) return;
    const { scheduler } = this.#services;
    const limit = failingAfter(this.#config.outlierEjection);
    this.#change(record, () => record.onOutcome(outcome, limit, scheduler.now()));
    if (record.state === 'failing') this.#judge(record, outcome.reason);
    else this.#note(record, 'it answers again');
    this.#settle();
  }

  #takeEndpoints(isFirst: boolean): void {
    const { scheduler } = this.#services;
    const isChecked = this.#config.healthCheck !== undefined;
    const before = this.#records;
    const records = new Map<string, EndpointRecord>();
    for (const endpoint of this.#source.current()) {
      const key = endpointKey(endpoint);
      const known = before.get(key);
      if (known?.reconfigure(endpoint) === true) this.#isNews = true;
      const record = known ?? new EndpointRecord(endpoint, isChecked, isFirst ? undefined : scheduler.now());
      records.set(key, record);
      if (known === undefined) this.#note(record, isChecked ? TO_BE_CHECKED : UNCHECKED);
    }
    this.#records = records;
    const added = [...records.values()].filter(({ key }) => !before.has(key));
    const removed = [...before.values()].filter(({ key }) => !records.has(key));
    for (const record of removed) this.#forget(record);
    this.#isNews ||= added.length + removed.length > 0;
    if (!isFirst) this.#logChange(added, removed);
    this.#checks?.watch([...records.values()]);
    this.#settle();
  }

  #logChange(added: readonly EndpointRecord[], removed: readonly EndpointRecord[]): void {
    if (added.length + removed.length === 0) return;
    const { name } = this.#config;
    const facts = { added: labels(added), removed: labels(removed), total: this.#records.size };
    this.#services.log.info({ upstream: name, ...facts }, `Endpoints of upstream ${name} changed`);
  }

  #forget(record: EndpointRecord): void {
    this.#notes.delete(record);
    this.#readmissions.get(record)?.();
    this.#readmissions.delete(record);
  }

  #newChecks(): HealthChecks | undefined {
    const { healthCheck } = this.#config;
    if (healthCheck === undefined) return undefined;
    return new HealthChecks({
      upstream: this.#config,
      check: healthCheck,
      services: this.#services,
      onResult: (record, result) => {
        const { counts, scheduler } = this.#services;
        counts.checks.add(this.#config.name, result.passed ? 'passed' : 'failed', 1);
        this.#change(record, () => record.onChecked(result, healthCheck, scheduler.now()));
        this.#note(record, `check ${result.passed ? 'passed' : 'failed'}: ${result.detail}`);
        this.#readmitIfProven(record, healthCheck.healthyThreshold);
        this.#settle();
      },
    });
  }

  // ---- ejection ------------------------------------------------------------------------------------------------------

  #judge(record: EndpointRecord, reason: string): void {
    const { outlierEjection, name } = this.#config;
    const why = `${record.failures} failures in a row, the last: ${reason}`;
    if (outlierEjection === undefined) {
      this.#note(record, `${why}; ejection is off`);
      return;
    }
    const spared = this.#sparedFor(record, outlierEjection.maxEjected);
    if (spared !== undefined) {
      this.#services.counts.spared.add(name, spared, 1);
      this.#note(record, `${why}; not ejected: ${SPARED[spared]}`);
      return;
    }
    this.#eject(record, outlierEjection, { reason, why });
  }

  #eject(
    record: EndpointRecord,
    config: OutlierEjectionConfig,
    { reason, why }: { readonly reason: string; readonly why: string },
  ): void {
    const { counts, scheduler } = this.#services;
    const nowMs = scheduler.now();
    const { untilMs } = this.#change(record, () => record.eject(config, reason, nowMs));
    counts.ejections.add(this.#config.name, isStatus(reason) ? '5xx' : 'connection', 1);
    this.#note(record, why);
    const cancel = scheduler.after(untilMs - nowMs, () => {
      this.#readmit(record, 'the ejection is over');
      this.#settle();
    });
    this.#readmissions.set(record, cancel);
  }

  /** Why it stays in use although it fails; undefined when it need not. */
  #sparedFor(record: EndpointRecord, maxEjected: number): keyof typeof SPARED | undefined {
    const all = [...this.#records.values()];
    const available = all.filter(({ isAvailable }) => isAvailable);
    if (available.length === 0 || (available.length === 1 && available[0] === record))
      return 'last-available';
    const ejected = all.filter(({ ejection }) => ejection !== undefined).length;
    return ejected < Math.max(1, Math.floor(all.length * maxEjected)) ? undefined : 'max-ejected';
  }

  /** A connection that could not be had is what checks try as well: their word ends such an ejection. A 5xx is not. */
  #readmitIfProven(record: EndpointRecord, passes: number): void {
    const { ejection } = record;
    if (ejection === undefined || isStatus(ejection.reason) || ejection.passes < passes) return;
    this.#readmit(record, `${ejection.passes} checks passed`);
  }

  #readmit(record: EndpointRecord, why: string): void {
    this.#readmissions.get(record)?.();
    this.#readmissions.delete(record);
    if (record.ejection === undefined) return;
    this.#change(record, () => record.readmit(this.#services.scheduler.now()));
    this.#note(record, why);
  }

  // ---- what follows --------------------------------------------------------------------------------------------------

  /** Notices whether what is done to a record concerns the workers. */
  #change<T>(record: EndpointRecord, act: () => T): T {
    const { isAvailable, isSuspect } = record;
    const result = act();
    this.#isNews ||= record.isAvailable !== isAvailable || record.isSuspect !== isSuspect;
    return result;
  }

  /** Remembers since when and why, and says so, when the state is another than before. */
  #note(record: EndpointRecord, why: string): void {
    const { state } = record;
    const before = this.#notes.get(record);
    if (before?.state === state) return;
    this.#notes.set(record, { state, why, sinceMs: this.#services.scheduler.now() });
    if (before === undefined) return;
    const { name } = this.#config;
    const level = record.isAvailable && state !== 'failing' ? 'info' : 'warn';
    this.#services.log[level](
      { upstream: name, endpoint: record.label, state, was: before.state, why },
      `Endpoint ${record.label} of upstream ${name} is ${state}`,
    );
  }

  /** Decides about panic, and tells the workers. */
  #settle(): void {
    const { panicThreshold, name } = this.#config;
    const total = this.#records.size;
    const available = [...this.#records.values()].filter(({ isAvailable }) => isAvailable).length;
    const isPanicking = total > 0 && available / total < panicThreshold;
    if (isPanicking !== this.#panic) {
      this.#panic = isPanicking;
      this.#isNews = true;
      const facts = { upstream: name, available, total, panicThreshold };
      const { log } = this.#services;
      if (isPanicking) log.warn(facts, `Upstream ${name} is in panic: all its endpoints are used`);
      else log.info(facts, `Upstream ${name} is out of panic`);
    }
    if (!this.#isNews) return;
    this.#isNews = false;
    this.#onChange();
  }
}

const isStatus = (reason: string): boolean => /^\d+$/.test(reason);
const MAX_LABELS = 20;
const labels = (records: readonly EndpointRecord[]): string[] =>
  records.slice(0, MAX_LABELS).map(({ label }) => label);
