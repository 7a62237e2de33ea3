child.on('error', (error) => {
  console.error('Failed to start child process:', error);
});
