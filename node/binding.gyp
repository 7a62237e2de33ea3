# For those who build with node-gyp; `npm install` runs install.js, which needs only make. Files and flags: Makefile.
{
  'target_defaults': {
    'defines': ['_GNU_SOURCE', 'NAPI_VERSION=8', 'NDEBUG'],
    'include_dirs': ['../include', '../src', 'core/include', 'core/src'],
    'cflags': ['-fPIC', '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections', '-Wno-unused-parameter'],
    'cflags_c': ['-std=c11'],
  },
  'targets': [
    {
      # On its own, since gyp has no flags for single files.
      'target_name': 'launch_child',
      'type': 'static_library',
      'sources': ['<!@(make -s --no-print-directory print-child-sources)'],
      'cflags': ['<!@(make -s --no-print-directory print-child-flags)'],
    },
    {
      'target_name': 'child_process',
      'dependencies': ['launch_child'],
      'sources': ['<!@(make -s --no-print-directory print-sources)'],
      'ldflags': ['-Wl,--gc-sections', '-Wl,-z,now'],
    },
  ],
}
