"""Software-defined radios by way of SoapySDR, which is imported only where one is opened."""
