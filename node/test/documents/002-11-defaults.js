const defaults = {
cwd: undefined,
env: process.env
};
