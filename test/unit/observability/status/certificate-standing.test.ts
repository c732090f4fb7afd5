import { certificateStanding } from '../../../../src/observability/status/certificate-standing.js';

describe('how it stands with a certificate', () => {
  it.each([
    [14, 'good'],
    [13.9, 'expiring'],
    [0, 'expiring'],
    [-0.1, 'expired'],
  ])('with %d days left it is %s', (daysLeft, standing) =>
    expect(certificateStanding(daysLeft)).toBe(standing),
  );
});
