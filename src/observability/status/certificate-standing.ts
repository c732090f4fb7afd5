/** Owns how it stands with a certificate by the days that it is still good for; below 0 it has expired. */

/** A renewal that goes wrong is found in time, with weekends in between. */
const WARN_DAYS = 14;

export type CertificateStanding = 'good' | 'expiring' | 'expired';

export const certificateStanding = (daysLeft: number): CertificateStanding => {
  if (daysLeft < 0) return 'expired';
  return daysLeft < WARN_DAYS ? 'expiring' : 'good';
};
