// Right: handle both events
child.on('error', (err) => console.error('Failed to start:', err));
child.on('exit', (code, signal) => {
  if (code !== 0) console.error(`Exited with code ${code}`);
});
