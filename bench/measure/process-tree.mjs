/** Owns which processes belong to a proxy: a root process and everything it forked. Linux only (/proc). */
import { readFileSync } from 'node:fs';

/** @param {number} pid @returns {number[]} forked by its main thread; none when it is gone */
const childrenOf = (pid) => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(/\s+/).map(Number);
  } catch {
    return [];
  }
};

/** The root and its descendants, parents first. @param {number} root @returns {number[]} */
export const processTree = (root) => [root, ...childrenOf(root).flatMap(processTree)];
