import { route } from '../router/router.js';
import { parse } from '../codec/head-parser.js';
export const reached = [route, parse];
