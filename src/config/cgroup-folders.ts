/** Owns which cgroups count for this process: its own and those around it. */
import { readOrEmpty } from './system-text.js';

/** Paths from the root of the hierarchy, the root itself (`.`) included: a limit on any of them counts. */
export function cgroupFolders(membershipFile: string): Set<string> {
  const folders = new Set(['.']);
  for (const line of readOrEmpty(membershipFile).split('\n')) {
    const path = line.split(':').slice(2).join(':');
    if (!path.startsWith('/') || path.includes('..')) continue;
    for (
      let folder = path.slice(1);
      folder !== '';
      folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))
    )
      folders.add(folder);
  }
  return folders;
}
