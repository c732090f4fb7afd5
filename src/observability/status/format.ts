/** Owns how numbers are written for people, on the page and in the terminal. */

const STEPS: readonly (readonly [size: number, suffix: string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** `0.4`, `12.3`, `812`, `12.4k`: three digits that count. */
export const showNumber = (value: number): string => {
  const [size, suffix] = STEPS.find(([least]) => value >= least * 0.9995) ?? [1, ''];
  const scaled = value / size;
  if (scaled === 0) return '0';
  if (suffix === '' && Number.isInteger(scaled)) return String(scaled);
  return `${scaled.toFixed(scaled >= 99.95 ? 0 : 1)}${suffix}`;
};

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export const showBytes = (bytes: number): string => {
  let scaled = bytes;
  let unit = 0;
  while (scaled >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${scaled.toFixed(scaled >= 99.95 || unit === 0 ? 0 : 1)} ${BYTE_UNITS[unit] ?? ''}`;
};

/** Of a wait: `0.8 ms`, `42 ms`, `1.25 s`; `> 30 s` for what is beyond the buckets. */
export const showLatency = (seconds: number, longest = 30): string => {
  if (!Number.isFinite(seconds)) return `> ${longest} s`;
  const ms = seconds * 1000;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
};

/** Of an age: `5 s`, `3 min`, `4 h 12 min`, `12 d 3 h`. */
export const showAge = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
};

/** `0 %`, `0.4 %`, `12 %`; what is not nothing does not look like nothing. */
export const showShare = (share: number): string => {
  const percent = share * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.1) return '< 0.1 %';
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)} %`;
};

/** `1 endpoint`, `3 endpoints`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
