const { exec } = require('child_process');
const { promisify } = require('util');
const execAsync = promisify(exec);
async function getInstalledPackages() {
  try {
    const { stdout } = await execAsync('npm list --depth=0');
    return stdout;
  } catch (err) {
    console.error('npm list failed:', err.message);
    return null;
  }
}
