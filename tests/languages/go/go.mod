module mediagw.invalid/gomem

go 1.19
