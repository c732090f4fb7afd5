export const everyFilterImplementsTheContract = false;
