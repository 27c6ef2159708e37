# Slicer writes <Extension>Config.cmake for extensions that depend on this one; scripted modules export no targets.
