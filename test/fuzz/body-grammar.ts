/** Owns the framing of generated bodies: right and wrong lengths, codings and chunks, as lists that are easy to extend. */
import type { Random } from './random.js';

export interface FramedBody {
  /** Field lines without their CRLF. */
  readonly lines: readonly string[];
  /** The bytes after the head, as latin1. */
  readonly wire: string;
}

const DATA = [
  '',
  'x',
  'hello',
  'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n',
  '0\r\n\r\n',
  '\r\n',
  '\0\xff\x80',
] as const;

const LENGTH_NAMES = [
  'Content-Length',
  'content-length',
  'CONTENT-LENGTH',
  'Content_Length',
  'Content-Length ',
  'Content-Length\t',
  'Content-\x0bLength',
  'Content-Lengthx',
] as const;

/** `N` stands for the right number. */
const LENGTH_VALUES = [
  ...[
    'N',
    '+N',
    '-N',
    '0N',
    '000N',
    'N, N',
    'N,N',
    'N, 3',
    'N;',
    'N ',
    'N\t',
    '\tN',
    'N.0',
    'Ne0',
    '0xN',
    'N N',
    '',
  ],
  ...[
    '\x0bN',
    'N\x0b',
    '\xa0N',
    'N\0',
    '"N"',
    '18446744073709551616',
    '9007199254740993',
    '99999999999999999999N',
    'NN',
  ],
] as const;

const CODING_NAMES = [
  ...[
    'Transfer-Encoding',
    'transfer-encoding',
    'TRANSFER-ENCODING',
    'Transfer-Encoding ',
    'Transfer-Encoding\t',
    'Transfer_Encoding',
  ],
  ...[
    ' Transfer-Encoding',
    'X: y\r\n Transfer-Encoding',
    'Transfer\x00-Encoding',
    'Transfer-Encodin\x0bg',
    'Transfer-Encoding-',
  ],
] as const;

const CODINGS = [
  ...[
    'chunked',
    'Chunked',
    'CHUNKED',
    'chunked, chunked',
    'gzip, chunked',
    'chunked, gzip',
    'identity',
    'chunked;q=1',
    'xchunked',
    'chunkedx',
  ],
  ...[
    '\tchunked',
    'chunked\t',
    'chunked ',
    'chunked,',
    ',chunked',
    ', chunked',
    'chunked, identity',
    'identity, chunked',
    '"chunked"',
    '',
  ],
  ...[
    '\x0bchunked',
    'chunked\x0b',
    '\xa0chunked',
    'chunked\0',
    '\r\n chunked',
    '\n chunked',
    'chun\r\n ked',
    'chunked\r',
    'trailers',
    'chunk',
  ],
] as const;

/** `S` stands for the size in hexadecimal. */
const SIZE_LINES = [
  ...[
    'S',
    'S',
    'S',
    'S',
    'S',
    'S',
    'S',
    'S',
    '0S',
    '0000S',
    '000000000000000000S',
    'S;x',
    'S;x=y',
    'S;x="y"',
    'S ;x',
    'S; x = y',
    'S;',
    'S;;',
  ],
  ...[
    'S ',
    ' S',
    'S\t',
    '+S',
    '-S',
    '0xS',
    'S;x\n',
    'S;"\r\n"',
    'S;x\rS',
    'SS',
    'S\0',
    'S;\0',
    'S;\x7f',
    'S;\xff',
    'S,',
    'g',
    '',
    'S;x\r',
    '1000000000000000S',
    'fffffffffffffffS',
  ],
] as const;

const LINE_ENDS = [
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  '\r\n\r\n',
  '',
  '\n\r',
  ' \r\n',
] as const;

const TRAILERS = [
  ...[
    'X-T: 1',
    'x-sum: a b',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Host: evil',
    'bad',
    ': x',
    'x : y',
    'x: \0',
    'x: y\n z: w',
    ' x: y',
    'x_y: z',
  ],
];

function chunk(random: Random, data: string, clean: boolean): string {
  const size = data.length.toString(16);
  const line = clean
    ? size
    : random.pick(SIZE_LINES).replaceAll('S', random.chance(0.5) ? size : size.toUpperCase());
  const end = (): string => (clean ? '\r\n' : random.pick(LINE_ENDS));
  return `${line}${end()}${data}${end()}`;
}

export function chunkedWire(random: Random, clean: boolean): string {
  let wire = '';
  for (let count = random.int(4); count > 0; count -= 1) {
    const data = random.pick(DATA);
    if (data !== '' || !clean) wire += chunk(random, data, clean || random.chance(0.7));
  }
  const trailers = random.some(clean ? ['X-T: 1', 'x-sum: a b'] : TRAILERS, clean ? 0.2 : 0.05);
  const last = clean
    ? '0\r\n'
    : `${random.pick(['0', '0', '0', '0', '00', '0;x', '0 ', '', '-0', '0x0'])}${random.pick(LINE_ENDS)}`;
  return `${wire}${last}${trailers.map((line) => `${line}\r\n`).join('')}${clean ? '\r\n' : random.pick(LINE_ENDS)}`;
}

/** A body framed as it should be. */
export function cleanBody(random: Random): FramedBody {
  if (random.chance(0.3)) return { lines: [], wire: '' };
  if (random.chance(0.5)) return { lines: ['Transfer-Encoding: chunked'], wire: chunkedWire(random, true) };
  const data = random.pick(DATA);
  return { lines: [`Content-Length: ${String(data.length)}`], wire: data };
}

/** A body whose framing may be wrong, doubled or contradictory. */
export function oddBody(random: Random): FramedBody {
  const lines: string[] = [];
  const data = random.pick(DATA);
  const wire = random.chance(0.6) ? chunkedWire(random, random.chance(0.4)) : data;
  const length = String(random.chance(0.7) ? wire.length : random.int(12));
  for (let count = random.pick([0, 1, 1, 1, 2]); count > 0; count -= 1) {
    const name = random.chance(0.85) ? 'Content-Length' : random.pick(LENGTH_NAMES);
    lines.push(
      `${name}: ${random.chance(0.5) ? length : random.pick(LENGTH_VALUES).replaceAll('N', length)}`,
    );
  }
  for (let count = random.pick([0, 0, 1, 1, 1, 2]); count > 0; count -= 1) {
    const name = random.chance(0.8) ? 'Transfer-Encoding' : random.pick(CODING_NAMES);
    lines.push(
      `${name}:${random.chance(0.9) ? ' ' : ''}${random.chance(0.5) ? 'chunked' : random.pick(CODINGS)}`,
    );
  }
  return { lines: random.chance(0.5) ? lines : lines.reverse(), wire };
}
