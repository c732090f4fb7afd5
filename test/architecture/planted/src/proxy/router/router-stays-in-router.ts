import { parse } from '../codec/head-parser.js';
export const reached = parse;
