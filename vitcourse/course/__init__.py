"""Around the lessons: the learner's copies, the check of the machine, JupyterLab. None of it needs PyTorch."""
