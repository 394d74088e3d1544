# Rscript glmnet.R DIRECTORY samples features penalty thresh: times one fit, and writes its seconds and weights.
suppressMessages(library(glmnet))
arguments <- commandArgs(TRUE)
sizes <- as.numeric(arguments[2:5])
x <- matrix(readBin(file.path(arguments[1], "X"), "double", sizes[1] * sizes[2]), sizes[1])
y <- readBin(file.path(arguments[1], "y"), "integer", sizes[1])
family <- if (max(y) == 1) "binomial" else "multinomial"
# A single penalty, without the path that leads to it, hardly converges.
penalties <- exp(seq(log(1 + sizes[3]), log(sizes[3]), length.out = 30))
fit <- function(x, y, thresh) {
  glmnet(x, y, family, alpha = 0, lambda = penalties, standardize = FALSE, thresh = thresh, maxit = 1e8)
}
warm <- fit(as.matrix(iris[1:4]), if (family == "binomial") iris$Species == "virginica" else iris$Species, 1e-5)
start <- Sys.time()
found <- fit(x, y, sizes[4])
seconds <- as.numeric(Sys.time() - start, units = "secs")
weights <- coef(found)
weights <- if (is.list(weights)) sapply(weights, function(w) w[, 30]) else weights[, 30]
writeBin(c(seconds, as.vector(weights)), file.path(arguments[1], "found"))
