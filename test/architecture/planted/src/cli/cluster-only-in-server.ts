import cluster from 'node:cluster';
export const reached = cluster;
