/** Owns which steps one resource has taken: entered at a threshold, left some way below it, never for a moment only. */
import type { OverloadStep, OverloadThresholds } from '../../../contracts/overload.js';

export interface LadderRules {
  readonly thresholds: OverloadThresholds;
  /** A step is left this far below its threshold; a share, as the thresholds are. */
  readonly hysteresis: number;
  /** A step lasts at least this long, milliseconds. */
  readonly holdMs: number;
}

export interface StepChange {
  readonly step: OverloadStep;
  readonly entered: boolean;
}

interface Rung {
  readonly step: OverloadStep;
  readonly key: keyof OverloadThresholds;
  /** Monotonic milliseconds; undefined while the step is not taken. */
  sinceMs: number | undefined;
}

export class ResourceLadder {
  readonly #rungs: readonly Rung[] = [
    { step: 'shorten-idle', key: 'shortenIdle', sinceMs: undefined },
    { step: 'no-keep-alive', key: 'noKeepAlive', sinceMs: undefined },
    { step: 'shed', key: 'shed', sinceMs: undefined },
  ];
  #rules: LadderRules;
  #pressure = 0;

  constructor(rules: LadderRules) {
    this.#rules = rules;
  }

  get pressure(): number {
    return this.#pressure;
  }

  get thresholds(): OverloadThresholds {
    return this.#rules.thresholds;
  }

  /** New rules, after a reload: steps that are taken are judged by them at the next update. */
  configure(rules: LadderRules): void {
    this.#rules = rules;
  }

  has(step: OverloadStep): boolean {
    return this.#rungs.some((rung) => rung.step === step && rung.sinceMs !== undefined);
  }

  /** The number of the hardest step that is taken, 0 for none. */
  get level(): number {
    return this.#rungs.findLastIndex(({ sinceMs }) => sinceMs !== undefined) + 1;
  }

  /** The lowest pressure at which a step is taken; Infinity when there is none. */
  get firstThreshold(): number {
    const { shortenIdle, noKeepAlive, shed } = this.#rules.thresholds;
    return Math.min(shortenIdle ?? Infinity, noKeepAlive ?? Infinity, shed ?? Infinity);
  }

  /** What changes at this pressure (0 to 1): entered from the mildest up, left from the hardest down. */
  update(pressure: number, nowMs: number): readonly StepChange[] {
    this.#pressure = pressure;
    const entered = this.#rungs.filter((rung) => this.#isReached(rung));
    const left = this.#rungs.filter((rung) => this.#isOver(rung, nowMs)).reverse();
    for (const rung of entered) rung.sinceMs = nowMs;
    for (const rung of left) rung.sinceMs = undefined;
    return [
      ...entered.map(({ step }) => ({ step, entered: true })),
      ...left.map(({ step }) => ({ step, entered: false })),
    ];
  }

  #isReached({ key, sinceMs }: Rung): boolean {
    return sinceMs === undefined && this.#pressure >= (this.#rules.thresholds[key] ?? Infinity);
  }

  #isOver({ key, sinceMs }: Rung, nowMs: number): boolean {
    if (sinceMs === undefined) return false;
    const { thresholds, hysteresis, holdMs } = this.#rules;
    const threshold = thresholds[key];
    if (threshold === undefined) return true;
    return this.#pressure < threshold - hysteresis && nowMs - sinceMs >= holdMs;
  }
}
