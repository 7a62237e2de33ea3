process.on('exit', () => {
  child.kill();
});
