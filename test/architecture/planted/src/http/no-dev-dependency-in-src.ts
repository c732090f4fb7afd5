import ts from 'typescript';
export const reached = ts;
