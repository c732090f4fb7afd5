export const HOP_BY_HOP = 1;
