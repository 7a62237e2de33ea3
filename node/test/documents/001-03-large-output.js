// Wrong: buffers entire output, throws ERR_CHILD_PROCESS_STDIO_MAXBUFFER
exec('cat huge-file.txt', (error, stdout) => {
  console.log(stdout); // whole file sits in memory
});
// Right: stream it
spawn('cat', ['huge-file.txt']).stdout.pipe(process.stdout);
